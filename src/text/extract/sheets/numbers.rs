//! Numbers and dates as the formats of a workbook show them.

use std::collections::HashMap;

use super::super::xml::{Xml, XmlPiece};
use super::codes::NumberCode;
use super::plain::general;

/// A workbook has so many formats of cells.
const FORMATS_MAX: usize = 100_000;

/// The formats of a workbook's cells.
#[derive(Default)]
pub(super) struct Formats {
    codes: Vec<NumberFormat>,
    by_style: Vec<usize>,
    /// Its days are counted from 1904 on.
    pub is_from_1904: bool,
}

/// How a number is shown.
pub(super) struct NumberFormat {
    code: Option<NumberCode>,
}

impl Formats {
    /// Reads the part of a workbook that has its styles.
    pub(super) fn parse(text: &str, is_from_1904: bool) -> Self {
        let mut formats = Self { is_from_1904, ..Self::default() };
        let mut own = HashMap::new();
        let mut places = HashMap::new();
        let mut xml = Xml::new(text);
        let mut is_of_cells = false;
        while let Some(piece) = xml.next() {
            let XmlPiece::Start(tag) = piece else { continue };
            match tag.name() {
                "numFmt" => {
                    if let (Some(id), Some(code)) =
                        (tag.number::<u32>("numFmtId"), tag.id("formatCode"))
                    {
                        own.insert(id, code);
                    }
                }
                "dxf" | "cellStyles" | "cellStyleXfs" => is_of_cells = false,
                "cellXfs" => is_of_cells = true,
                "xf" if is_of_cells && formats.by_style.len() < FORMATS_MAX => {
                    let id = tag.number::<u32>("numFmtId").unwrap_or(0);
                    let place = *places.entry(id).or_insert_with(|| {
                        let code = own.get(&id).map(String::as_str).or_else(|| built_in(id));
                        formats.codes.push(NumberFormat { code: code.map(NumberCode::parse) });
                        formats.codes.len() - 1
                    });
                    formats.by_style.push(place);
                }
                _ => {}
            }
        }
        formats
    }

    /// The format of a cell's style.
    pub(super) fn of_style(&self, style: usize) -> Option<&NumberFormat> {
        self.codes.get(*self.by_style.get(style)?)
    }
}

impl NumberFormat {
    /// How numbers are shown for which nothing is set.
    pub(super) const GENERAL: Self = Self { code: None };

    /// A number as it is shown; what is none as it is.
    pub(super) fn shown(&self, value: &str, is_from_1904: bool) -> String {
        let Some(number) = value.parse::<f64>().ok().filter(|it| it.is_finite()) else {
            return value.to_owned();
        };
        match &self.code {
            Some(code) => code.shown(number, is_from_1904),
            None => general(number),
        }
    }

    /// A text as it is shown, where the format sets something around it.
    pub(super) fn shown_text(&self, text: &str) -> Option<String> {
        self.code.as_ref()?.shown_text(text)
    }
}

/// The code of a format that all workbooks have.
fn built_in(id: u32) -> Option<&'static str> {
    Some(match id {
        1 => "0",
        2 => "0.00",
        3 => "#,##0",
        4 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        // These stand for the order of the reader's country.
        14 | 27..=31 | 36 | 50..=54 | 57 | 58 => "yyyy-mm-dd",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 | 32 => "h:mm",
        21 | 33 => "h:mm:ss",
        22 => "yyyy-mm-dd h:mm",
        37 | 38 => "#,##0;(#,##0)",
        39 | 40 => "#,##0.00;(#,##0.00)",
        41 | 42 => "#,##0;-#,##0;\"-\"",
        43 | 44 => "#,##0.00;-#,##0.00;\"-\"",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        48 => "##0.0E+0",
        _ => return None,
    })
}
