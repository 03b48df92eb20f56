//! What lies in a package beside its text: images, what is embedded, and comments. None of it is text of the document; a page
//! has marks of it, so that it is seen where it changed.

use super::package::Package;
use super::page::PageWriter;
use super::xml::{Xml, XmlPiece};

/// Endings of images.
const IMAGES: [&str; 11] =
    ["png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "tif", "tiff", "emf", "wmf"];
/// So much of comments is kept.
const COMMENT_BYTES_MAX: usize = 1 << 20;

/// Writes marks of images and embedded things, and comments as text that is not shown.
pub(super) fn write(package: &mut Package, page: &mut PageWriter) {
    for name in package.names() {
        let is_image = is_image(&name);
        if (is_image || name.contains("/embeddings/"))
            && let Some(mark) = package.mark(&name)
        {
            page.thing(is_image, &mark);
        }
        if holds_comments(&name) {
            comments(&package.text(&name).unwrap_or_default())
                .iter()
                .for_each(|it| page.hidden(it));
        }
    }
}

/// Whether a part is an image of the document; what is made anew with every change is none.
fn is_image(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    IMAGES.contains(&ending) && !name.contains("thumbnail")
}

/// Whether the comments of a document of Office Open XML are in a part.
fn holds_comments(name: &str) -> bool {
    let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
    let starts = ["comment", "threadedcomment", "moderncomment"];
    let is_named = starts.iter().any(|it| file.starts_with(it)) && file.ends_with(".xml");
    // Who wrote them, and which of them belong together, stands in others.
    let others = ["authors", "extended", "ids", "extensible"];
    is_named && !others.iter().any(|it| file.contains(it))
}

/// The texts of comments, each by itself.
fn comments(text: &str) -> Vec<String> {
    let (mut comments, mut n_bytes) = (Vec::new(), 0);
    let mut xml = Xml::new(text);
    while let Some(piece) = xml.next() {
        if let XmlPiece::Start(tag) = piece
            && matches!(tag.name(), "comment" | "cm" | "threadedComment")
            && n_bytes < COMMENT_BYTES_MAX
        {
            let comment = xml.inner_text();
            n_bytes += comment.len();
            comments.push(comment);
        }
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::super::package::tests::zipped;
    use super::*;

    fn marks(parts: &[(&str, &str)]) -> String {
        let bytes = zipped(parts);
        let mut page = PageWriter::new(10_000);
        write(&mut Package::open(&bytes).unwrap(), &mut page);
        page.finish().html.split_once("<body>\n").unwrap().1.trim_end().to_owned()
    }

    #[test]
    fn images_and_embedded_things_have_marks_and_comments_are_hidden() {
        let image = marks(&[("word/media/image1.png", "a"), ("docProps/thumbnail.jpeg", "t")]);
        assert_eq!(image, "<img src=\"crc32:e8b7be43,1\">");
        assert_ne!(image, marks(&[("word/media/image1.png", "b")]));
        assert_eq!(image, marks(&[("Pictures/other.PNG", "a"), ("docProps/thumbnail.jpeg", "u")]));
        let sheet = marks(&[("word/embeddings/sheet.xlsx", "a")]);
        assert_eq!(sheet, "<object data=\"crc32:e8b7be43,1\"></object>");
        let comment = "<w:comments><w:comment w:author=\"Q\"><w:t>No &amp; no</w:t></w:comment><w:comment/></w:comments>";
        let comments = marks(&[("word/comments.xml", comment), ("word/commentsIds.xml", comment)]);
        assert_eq!(comments, "<span hidden=\"\">No &amp; no</span><span hidden=\"\"></span>");
    }
}
