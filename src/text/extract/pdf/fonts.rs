//! What glyphs mean whose font does not say so.

use std::collections::HashMap;

use hayro_interpret::font::{Glyph, OutlineGlyph};
use hayro_interpret::hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};

use super::sfnt;

/// So many fonts of a file are looked into.
const FONTS_MAX: usize = 10_000;
/// So are so many fields of a page.
const FIELDS_MAX: usize = 500;

/// What was found out about the fonts of a file.
pub(super) struct Fonts<'a> {
    pdf: &'a Pdf,
    /// The characters of glyphs by font program.
    programs: HashMap<u128, HashMap<u32, char>>,
    /// The fonts of many characters by their names.
    composite: Option<HashMap<String, Composite>>,
    /// The characters of collections by the collections' numbers for them.
    collections: HashMap<CidFamily, Option<CMap>>,
}

/// A font with codes of several bytes, which are mapped to numbers of a collection of characters.
struct Composite {
    /// Its codes are numbers of glyphs.
    is_identity: bool,
    encoding: Option<CMap>,
    family: Option<CidFamily>,
}

impl<'a> Fonts<'a> {
    /// Nothing is known yet about those of a file.
    pub(super) fn new(pdf: &'a Pdf) -> Self {
        let (programs, collections) = (HashMap::new(), HashMap::new());
        Self { pdf, programs, composite: None, collections }
    }

    /// The text of a glyph, guessed from its font.
    pub(super) fn text(&mut self, glyph: &Glyph<'_>) -> Option<BfString> {
        let Glyph::Outline(outline) = glyph else { return of_drawn(glyph.char_code()) };
        let Some(data) = outline.font_data() else { return of_code(glyph.char_code()) };
        let name = data.postscript_name.unwrap_or_default();
        if let Some(text) = self.collected(&name, outline) {
            return Some(text);
        }
        let bytes = (*data.data).as_ref();
        let program =
            self.programs.entry(data.cache_key).or_insert_with(|| sfnt::characters(bytes));
        if let Some(c) = program.get(&outline.glyph_id().to_u32()) {
            return Some(BfString::Char(*c));
        }
        let is_identity = self.composite().get(&name).is_some_and(|it| it.is_identity);
        if is_identity { None } else { of_code(glyph.char_code()) }
    }

    /// The character that a collection has for the glyph.
    fn collected(&mut self, name: &str, glyph: &OutlineGlyph) -> Option<BfString> {
        let font = self.composite().get(name)?;
        let (encoding, family) = (font.encoding.as_ref()?, font.family.clone()?);
        let code = glyph.char_code();
        let cid = (1..=4).find_map(|n_bytes| encoding.lookup_cid_code(code, n_bytes))?;
        let collection = self.collections.entry(family).or_insert_with_key(|family| {
            CMap::parse(load_embedded(family.ucs2_cmap()?)?, load_embedded)
        });
        collection.as_ref()?.lookup_bf_string(cid)
    }

    fn composite(&mut self) -> &HashMap<String, Composite> {
        let pdf = self.pdf;
        self.composite.get_or_insert_with(|| composite_fonts(pdf))
    }
}

/// All fonts of a file that have codes of several bytes.
fn composite_fonts(pdf: &Pdf) -> HashMap<String, Composite> {
    let mut fonts = HashMap::new();
    for object in pdf.objects() {
        let Object::Dict(dict) = object else { continue };
        let is_composite = dict.get::<Name<'_>>(b"Subtype").is_some_and(|it| &*it == b"Type0");
        let Some(name) = dict.get::<Name<'_>>(b"BaseFont").filter(|_| is_composite) else {
            continue;
        };
        let name = match name.as_str().split_once('+') {
            Some((prefix, rest)) if prefix.len() == 6 => rest.to_owned(),
            _ => name.as_str().to_owned(),
        };
        let encoding = encoding(&dict);
        let family = family(&dict, encoding.as_ref());
        let is_identity = dict
            .get::<Name<'_>>(b"Encoding")
            .is_some_and(|it| matches!(&*it, b"Identity-H" | b"Identity-V"));
        fonts.insert(name, Composite { is_identity, encoding, family });
        if fonts.len() >= FONTS_MAX {
            break;
        }
    }
    fonts
}

fn encoding(font: &Dict<'_>) -> Option<CMap> {
    match font.get::<Object<'_>>(b"Encoding")? {
        Object::Name(name) => match CMapName::from_bytes(&name) {
            CMapName::IdentityH | CMapName::IdentityV => Some(CMap::identity_h()),
            name => CMap::parse(load_embedded(name)?, load_embedded),
        },
        Object::Stream(stream) => CMap::parse(&stream.decoded_data().ok()?, load_embedded),
        _ => None,
    }
}

fn family(font: &Dict<'_>, encoding: Option<&CMap>) -> Option<CidFamily> {
    let of_encoding = encoding
        .and_then(|it| it.metadata().character_collection.clone())
        .map(|it| it.family)
        .filter(|it| it.ucs2_cmap().is_some());
    let of_font = || {
        let fonts = font.get::<Array<'_>>(b"DescendantFonts")?;
        let info = fonts.iter::<Dict<'_>>().next()?.get::<Dict<'_>>(b"CIDSystemInfo")?;
        let registry = info.get::<PdfString<'_>>(b"Registry")?;
        let ordering = info.get::<PdfString<'_>>(b"Ordering")?;
        Some(CidFamily::from_registry_ordering(registry.as_bytes(), ordering.as_bytes()))
    };
    of_encoding.or_else(of_font)
}

/// The text that a code of one byte stands for most of the time.
fn of_code(code: u32) -> Option<BfString> {
    let code = u8::try_from(code).ok().filter(u8::is_ascii_graphic)?;
    Some(BfString::Char(char::from(code)))
}

/// The same in a font of drawings, as TeX makes them of its fonts.
fn of_drawn(code: u32) -> Option<BfString> {
    let text = match code {
        0x0b => "ff",
        0x0c => "fi",
        0x0d => "fl",
        0x0e => "ffi",
        0x0f => "ffl",
        _ => return of_code(code),
    };
    Some(BfString::String(text.to_owned()))
}

fn value<'a>(field: &Dict<'a>) -> Option<PdfString<'a>> {
    field.get(b"V")
}

/// The values of a page's form fields that are not drawn: each with the box it belongs in.
pub(super) fn fields(page: &Dict<'_>) -> Vec<([f64; 4], String)> {
    let mut fields = Vec::new();
    let Some(annotations) = page.get::<Array<'_>>(b"Annots") else { return fields };
    for widget in annotations.iter::<Dict<'_>>().take(FIELDS_MAX) {
        let flags = widget.get::<u32>(b"F").unwrap_or(0);
        let is_widget = widget.get::<Name<'_>>(b"Subtype").is_some_and(|it| &*it == b"Widget");
        let Some(bounds) =
            widget.get::<[f64; 4]>(b"Rect").filter(|_| is_widget && flags & 0x22 == 0)
        else {
            continue;
        };
        let parent = widget.get::<Dict<'_>>(b"Parent");

        if let Some(value) = value(&widget).or_else(|| value(parent.as_ref()?)) {
            fields.push((bounds, super::about::text_string(value.as_bytes())));
        }
    }
    fields
}
