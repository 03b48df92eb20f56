//! PDF: glyphs at places, of which words, lines, columns and paragraphs are made again.

mod about;
mod blocks;
mod device;
mod ends;
#[cfg(test)]
mod example;
mod fonts;
mod lines;
mod margins;
mod order;
mod paragraphs;
mod sfnt;

use hayro_interpret::hayro_syntax::object::Dict;
use hayro_interpret::hayro_syntax::page::Page as PdfPage;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};

use super::page::{Lack, NoText, Page, PageWriter};
use device::{Drawing, TextDevice};
use fonts::Fonts;
use margins::Margin;
use paragraphs::{PdfParagraph, paragraphs};

/// More pages are not read.
const PAGES_MAX: usize = 10_000;
/// More text is not read: it would take too long to tell its columns.
const BYTES_MAX: usize = 12 << 20;
/// A heading is as much larger than most text at least.
const HEADING: f32 = 1.15;
/// One of the higher level is.
const HIGH_HEADING: f32 = 1.5;
/// A heading has as many characters at most.
const HEADING_CHARS_MAX: usize = 150;

/// Renders the bytes of a PDF file as a page of at most so many bytes.
pub fn page(bytes: &[u8], n_bytes_max: usize) -> Result<Page, NoText> {
    let bytes = ends::from_head(bytes);
    let pdf = Pdf::new(bytes.to_vec()).map_err(no_text)?;
    let cache = InterpreterCache::new();
    let mut fonts = Fonts::new(&pdf);
    let mut pages: Vec<Vec<PdfParagraph>> = Vec::new();
    let n_bytes_max = n_bytes_max.min(BYTES_MAX);
    let mut n_bytes = 0;
    for page in pdf.pages().iter().take(PAGES_MAX) {
        if n_bytes > n_bytes_max {
            break;
        }
        let paragraphs = read(page, &pdf, &cache, &mut fonts);
        n_bytes += paragraphs.iter().map(|it| it.text.len()).sum::<usize>();
        pages.push(paragraphs);
    }
    let mut out = PageWriter::new(n_bytes_max);
    about::write(&pdf, &mut out);
    write(&pages, &mut out);
    let is_truncated = pages.len() < pdf.pages().len();
    let is_broken = ends::breaks_off(bytes) || lacks_pages(&pdf, pages.len());
    out.lacks(Lack { is_truncated, is_broken, ..Lack::default() });
    out.finish_if(n_bytes > 0)
}

/// Whether there are fewer pages than the file says, or what is on one of those that were read is not to be found.
fn lacks_pages(pdf: &Pdf, n_read: usize) -> bool {
    let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
    let tree = root.and_then(|root| root.get::<Dict<'_>>(b"Pages"));
    let n_pages = tree.and_then(|tree| tree.get::<i32>(b"Count"));
    let n_found = i32::try_from(pdf.pages().len()).unwrap_or(i32::MAX);
    let is_lost =
        |page: &PdfPage<'_>| page.raw().contains_key(b"Contents") && page.page_stream().is_none();
    n_pages.is_none_or(|n_pages| n_found < n_pages) || pdf.pages().iter().take(n_read).any(is_lost)
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
) -> Vec<PdfParagraph> {
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
fn write(pages: &[Vec<PdfParagraph>], out: &mut PageWriter) {
    let body = body_size(pages);
    let margins = margins::margins(pages, HEADING * body);
    for (n, (paragraphs, margins)) in pages.iter().zip(&margins).enumerate() {
        out.section(&format!("page {}", n + 1), false);
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

fn is_heading(paragraph: &PdfParagraph, body: f32) -> bool {
    paragraph.size >= HEADING * body
        && paragraph.n_lines <= 3
        && paragraph.text.chars().count() <= HEADING_CHARS_MAX
        && paragraph.text.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// The size of most text, of which no more than a quarter is larger.
fn body_size(pages: &[Vec<PdfParagraph>]) -> f32 {
    let mut sizes: Vec<(f32, usize)> =
        pages.iter().flatten().map(|it| (it.size, it.text.len())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let most = sizes.iter().map(|it| it.1).sum::<usize>() / 4 * 3;
    let mut n = 0;
    for (size, n_bytes) in sizes {
        n += n_bytes;
        if n > most {
            return size;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::example::{file, file_with, font, line, pages, stream};
    use super::*;

    fn html(bytes: &[u8]) -> String {
        page(bytes, 1 << 20).unwrap().html
    }

    /// What stands between the sections' marks.
    fn body(bytes: &[u8]) -> String {
        let html = html(bytes);
        let body = html.split_once("<body>\n").unwrap().1.trim_end();
        body.replace("<section data-locator=\"page 1\">", "").replace("</section>", "")
    }

    fn one(content: &str) -> String {
        body(&pages(&[content], &[], "", ""))
    }

    #[test]
    fn pages_are_sections_of_paragraphs() {
        let first = line(50, 700, 10, "One line") + &line(50, 688, 10, "goes on.");
        let file = pages(&[&first, &line(50, 700, 10, "Second")], &[], "", "");
        let expected = "<section data-locator=\"page 1\"><p>One line goes on.</p></section>\
            <section data-locator=\"page 2\"><p>Second</p></section>";
        assert!(html(&file).contains(expected), "{}", html(&file));
        assert!(html(&file).contains("content-language\" content=\"en"));
        assert!(html(&file).contains("xmpTPg:NPages\" content=\"2\""));
    }

    #[test]
    fn larger_short_text_is_a_heading() {
        let text = "Many words that are the text of the page, as long as it takes";
        let content =
            line(50, 750, 20, "Title") + &line(50, 720, 12, "Part") + &line(50, 700, 10, text);
        assert_eq!(one(&content), format!("<h2>Title</h2><h3>Part</h3><p>{text}</p>"));
    }

    #[test]
    fn columns_are_read_one_after_the_other() {
        let mut content = line(
            50,
            760,
            10,
            "A line over both of the columns of this page, to its end, as titles are",
        );
        for n in 0..6 {
            content += &line(50, 700 - 12 * n, 10, &format!("left {n} has words to its end"));
            content += &line(330, 700 - 12 * n, 10, &format!("right {n} has words to its end"));
        }
        let text = one(&content);
        let places: Vec<_> = ["over both", "left 0", "left 5", "right 0", "right 5"]
            .iter()
            .map(|it| text.find(it).unwrap())
            .collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn rows_of_tables_are_read_one_after_the_other() {
        let mut content = String::new();
        for n in 0..6 {
            content += &line(50, 700 - 15 * n, 10, &format!("Name {n}"));
            content += &line(200, 700 - 15 * n, 10, &format!("{}.00", 10 + n));
        }
        assert!(one(&content).starts_with("<p>Name 0 10.00</p><p>Name 1 11.00</p>"));
    }

    #[test]
    fn broken_words_are_joined() {
        let content = line(50, 700, 10, "A para-")
            + &line(50, 688, 10, "graph of North-")
            + &line(50, 676, 10, "South");
        assert_eq!(one(&content), "<p>A paragraph of North-South</p>");
    }

    #[test]
    fn invisible_text_counts_and_text_drawn_twice_counts_once() {
        assert_eq!(
            one("BT /F 10 Tf 3 Tr 50 700 Td (Seen by machines) Tj ET"),
            "<p>Seen by machines</p>"
        );
        assert_eq!(one("BT /F 10 Tf 2 Tr 50 700 Td (Outlined) Tj ET"), "<p>Outlined</p>");
        let twice = "BT /F 10 Tf 50 700 Td (Bold words) Tj 0.3 0 Td (Bold words) Tj ET";
        assert_eq!(one(twice), "<p>Bold words</p>");
    }

    #[test]
    fn spaces_are_seen_from_gaps() {
        let content = "BT /F 10 Tf 50 700 Td [(Two) -300 (wor) -30 (ds)] TJ ET";
        assert_eq!(one(content), "<p>Two words</p>");
        let spread = "BT /F 10 Tf 8 Tc 50 700 Td (SPREAD) Tj ET";
        assert_eq!(one(spread), "<p>SPREAD</p>");
        assert_eq!(one(&line(50, 700, 10, "T I T L E")), "<p>TITLE</p>");
        assert_eq!(one(&line(50, 700, 10, "a b c d e")), "<p>a b c d e</p>");
    }

    #[test]
    fn accents_that_are_drawn_apart_are_put_on_their_letters() {
        let content = "BT /F 10 Tf 50 700 Td [(Caf\\264) 440 (e na\\250) 280 (\\151ve)] TJ ET";
        assert_eq!(one(content), "<p>Café naïve</p>");
    }

    #[test]
    fn turned_pages_and_turned_text_are_read() {
        let upwards =
            "BT /F 10 Tf 0 1 -1 0 300 100 Tm (Turned text) Tj 0 1 -1 0 312 100 Tm (goes on) Tj ET";
        assert_eq!(one(upwards), "<p>Turned text goes on</p>");
        assert_eq!(body(&pages(&[upwards], &[], "", "/Rotate 90")), "<p>Turned text goes on</p>");
    }

    #[test]
    fn text_that_is_said_to_be_meant_replaces_what_is_drawn() {
        let content =
            "BT /F 10 Tf 50 700 Td /Span<</ActualText(meant)>>BDC (dr) Tj (awn) Tj EMC ET";
        assert_eq!(one(content), "<p>meant</p>");
    }

    #[test]
    fn forms_within_the_page_are_read() {
        let form = stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>",
            line(50, 700, 10, "Within").as_bytes(),
        );
        assert_eq!(body(&pages(&["/X Do"], &[form], "/XObject<</X 4 0 R>>", "")), "<p>Within</p>");
    }

    #[test]
    fn values_of_fields_that_are_not_drawn_are_read() {
        let field = b"<</Type/Annot/Subtype/Widget/FT/Tx/Rect[90 698 200 710]/V(Ada)>>".to_vec();
        let file = pages(&[&line(50, 700, 10, "Name:")], &[field], "", "/Annots[4 0 R]");
        assert_eq!(body(&file), "<p>Name: Ada</p>");
    }

    #[test]
    fn what_lies_outside_of_the_paper_is_left_out() {
        assert_eq!(one(&(line(50, 700, 10, "On") + &line(50, 900, 10, "Off"))), "<p>On</p>");
        let over = line(50, 700, 10, "inside") + &line(570, 600, 10, "half away beyond");
        assert_eq!(one(&over), "<p>inside</p><p>half away</p>");
        assert_eq!(one(&line(-14, 600, 10, "before edge")), "<p>before edge</p>");
    }

    #[test]
    fn running_titles_and_page_numbers_are_marked() {
        let contents: Vec<String> = (1..5)
            .map(|n| {
                line(50, 780, 10, "Running title")
                    + &line(50, 700, 10, &format!("Text of its own {}", "abcdef".repeat(n)))
                    + &line(300, 20, 10, &format!("Page {n}"))
            })
            .collect();
        let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
        let html = html(&pages(&contents, &[], "", ""));
        assert_eq!(html.matches("<header><p>Running title</p></header>").count(), 4);
        assert!(html.contains("</p><footer><p>Page 3</p></footer></section>"), "{html}");
    }

    /// A page of one glyph, code 1, of a font with codes of two bytes.
    fn composite(encoding: &str, ordering: &str, embedded: &[u8], text: &str) -> Vec<u8> {
        let objects = [
            format!(
                "<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+X/Encoding/{encoding}\
                 /DescendantFonts[5 0 R]>>"
            )
            .into_bytes(),
            format!(
                "<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+X/CIDToGIDMap/Identity\
                 /CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement 0>>\
                 /FontDescriptor 6 0 R>>"
            )
            .into_bytes(),
            b"<</Type/FontDescriptor/FontName/ABCDEF+X/Flags 4/FontFile2 7 0 R>>".to_vec(),
            stream("", embedded),
        ];
        let content = format!("BT /F 10 Tf 50 700 Td <{text}> Tj ET");
        pages(&[&content], &objects, "/Font<</F 4 0 R>>", "")
    }

    #[test]
    fn fonts_that_say_nothing_of_characters_are_looked_into() {
        let file = composite("Identity-H", "Identity", &font(0x416), "0001");
        assert_eq!(body(&file), "<p>\u{416}</p>");
        // What is no character and draws nothing is a space.
        let file = composite("Identity-H", "Identity", &font(0x416), "000100000001");
        assert_eq!(body(&file), "<p>\u{416} \u{416}</p>");
    }

    #[test]
    fn codes_of_asian_encodings_are_known() {
        let file = composite("90ms-RKSJ-H", "Japan1", &font(0x416), "93fa967b");
        assert_eq!(body(&file), "<p>日本</p>");
        let vertical = composite("UniJIS-UCS2-V", "Japan1", &font(0x416), "65e5672c");
        assert_eq!(body(&vertical), "<p>日本</p>");
    }

    #[test]
    fn a_file_with_a_password_is_locked() {
        let zeros = "00".repeat(32);
        let trailer =
            format!("/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{zeros}>/U<{zeros}>>>");
        let objects =
            [b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), b"<</Type/Pages/Kids[]>>".to_vec()];
        assert_eq!(page(&file_with(&objects, &trailer), 1000), Err(NoText::Encrypted));
    }

    #[test]
    fn no_words_and_no_file_are_told_apart() {
        assert_eq!(page(&pages(&["0 0 10 10 re f"], &[], "", ""), 1000), Err(NoText::Empty));
        assert_eq!(page(b"no file at all", 1000), Err(NoText::Malformed));
        assert_eq!(page(b"", 1000), Err(NoText::Malformed));
    }

    #[test]
    fn pages_that_hold_each_other_end() {
        let objects = [
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            b"<</Type/Pages/Count 2000000000/Kids[3 0 R 2 0 R]>>".to_vec(),
            b"<</Type/Pages/Count 2000000000/Kids[2 0 R 3 0 R]>>".to_vec(),
        ];
        assert!(page(&file(&objects), 1000).is_err());
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let content = line(50, 700, 10, "Some words that are too many");
        let contents = [content.as_str(); 20];
        let page = page(&pages(&contents, &[], "", ""), 200).unwrap();
        assert!(page.lack.is_truncated && page.html.len() < 500);
    }

    #[test]
    fn a_file_cut_short_anywhere_does_no_harm() {
        let file = pages(&[&line(50, 700, 10, "Words")], &[], "", "");
        for end in 0..file.len() {
            let _ = page(&file[..end], 1000);
        }
    }
}
