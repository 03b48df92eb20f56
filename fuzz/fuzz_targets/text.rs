//! Any bytes as text: decoded, stripped of markup, cut into words, sketched, compared.
#![no_main]

use docarchive::internals::{
    diff::{self, Sides},
    similarity::{shingles::PackedWords, sketch::Sketch},
    text::{self, Normal},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for media_type in ["text/plain", "text/html", "application/octet-stream"] {
        let Some(readable) = text::readable(bytes, text::ReadAs::page(media_type, None)) else {
            continue;
        };
        let normal = Normal::of(&readable.text);
        let sketch = Sketch::of(PackedWords { bytes: normal.bytes(), ends: normal.ends() });
        assert_eq!(Sketch::parse(&sketch.encode()), Ok(sketch));
        let text = readable.text.to_string();
        let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at));
        let (a, b) = text.split_at(middle.unwrap_or(0));
        diff::compare(Sides { a, b });
    }
});
