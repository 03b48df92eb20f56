//! PDF: glyphs at places, of which words, lines, columns and paragraphs are made again.

mod about;
mod blocks;
mod device;
mod fonts;
mod lines;
mod margins;
mod order;
mod paragraphs;
mod sfnt;

use hayro_interpret::hayro_syntax::page::Page as PdfPage;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};

use crate::text::extract::page::{NoText, Page, PageWriter};
use device::{Drawing, TextDevice};
use fonts::Fonts;
use margins::Margin;
use paragraphs::{Paragraph, paragraphs};

/// More pages are not read.
const PAGES_MAX: usize = 10_000;
/// A heading is as much larger than most text at least.
const HEADING: f32 = 1.15;
/// One of the higher level is.
const HIGH_HEADING: f32 = 1.5;
/// A heading has as many characters at most.
const HEADING_CHARS_MAX: usize = 150;

/// Renders the bytes of a PDF file as a page of at most so many bytes.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(no_text)?;
    let cache = InterpreterCache::new();
    let mut fonts = Fonts::new(&pdf);
    let mut pages: Vec<Vec<Paragraph>> = Vec::new();
    let mut n_bytes = 0;
    for page in pdf.pages().iter().take(PAGES_MAX) {
        let paragraphs = read(page, &pdf, &cache, &mut fonts);
        n_bytes += paragraphs.iter().map(|it| it.text.len()).sum::<usize>();
        pages.push(paragraphs);
        if n_bytes > n_bytes_max {
            break;
        }
    }
    if n_bytes == 0 {
        return Err(NoText::Empty);
    }
    let mut out = PageWriter::new(n_bytes_max);
    about::write(&pdf, &mut out);
    write(&pages, &mut out);
    Ok(out.finish())
}

fn no_text(error: LoadPdfError) -> NoText {
    match error {
        LoadPdfError::Decryption(DecryptionError::InvalidEncryption) | LoadPdfError::Invalid => {
            NoText::Malformed
        }
        LoadPdfError::Decryption(_) => NoText::Encrypted,
    }
}

/// The paragraphs of a page in the order they are read.
fn read<'a>(
    page: &PdfPage<'a>,
    pdf: &'a Pdf,
    cache: &InterpreterCache<'a>,
    fonts: &mut Fonts<'a>,
) -> Vec<Paragraph> {
    let (width, height) = page.render_dimensions();
    let transform = Affine::new(page.initial_transform(true).as_coeffs());
    let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let settings = InterpreterSettings::default();
    let mut context = Context::new(transform, bounds, cache, pdf.xref(), settings);
    let mut drawing = Drawing::default();
    interpret_page(page, &mut context, &mut TextDevice::new(&mut drawing, fonts));
    let paper = page.media_box();
    let paper = Rect::new(paper.x0, paper.y0, paper.x1, paper.y1);
    drawing.finish(&fonts::fields(page.raw()), transform, paper);
    lines::frames(&drawing).into_iter().flat_map(paragraphs).collect()
}

/// Writes the pages: what stands in the margins of many of them is marked.
fn write(pages: &[Vec<Paragraph>], out: &mut PageWriter) {
    let body = body_size(pages);
    let margins = margins::margins(pages);
    for (n, (paragraphs, margins)) in pages.iter().zip(&margins).enumerate() {
        out.open_with("section", Some(("data-place", &format!("page {}", n + 1))));
        for (paragraph, margin) in paragraphs.iter().zip(margins) {
            let text = &paragraph.text;
            match margin {
                Some(margin) => {
                    let element = if *margin == Margin::Top { "header" } else { "footer" };
                    out.open(element);
                    out.element("p", text);
                    out.close(element);
                }
                None if !is_heading(paragraph, body) => out.element("p", text),
                None if paragraph.size >= HIGH_HEADING * body => out.element("h2", text),
                None => out.element("h3", text),
            }
        }
        out.close("section");
        if out.is_full() {
            break;
        }
    }
}

fn is_heading(paragraph: &Paragraph, body: f32) -> bool {
    paragraph.size >= HEADING * body
        && paragraph.n_lines <= 3
        && paragraph.text.chars().count() <= HEADING_CHARS_MAX
        && paragraph.text.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// The size of most text.
fn body_size(pages: &[Vec<Paragraph>]) -> f32 {
    let mut sizes: Vec<(f32, usize)> =
        pages.iter().flatten().map(|it| (it.size, it.text.len())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|it| it.1).sum::<usize>() / 2;
    let mut n = 0;
    for (size, n_bytes) in sizes {
        n += n_bytes;
        if n > half {
            return size;
        }
    }
    0.0
}
