//! What a package of OpenDocument says of its parts.

use super::super::package::Package;
use super::super::xml::{Xml, XmlPiece};

/// Whether a password is needed for the text.
pub(super) fn is_locked(package: &mut Package) -> bool {
    let manifest = package.text("META-INF/manifest.xml").unwrap_or_default();
    let mut xml = Xml::new(&manifest);
    let mut is_content = false;
    while let Some(piece) = xml.next() {
        let XmlPiece::Start(tag) = piece else { continue };
        match tag.name() {
            "file-entry" => {
                let name = tag.attribute("full-path").unwrap_or_default();
                is_content = name == "content.xml";
            }
            "encryption-data" if is_content => return true,
            _ => {}
        }
    }
    false
}
