//! Small files for tests.

/// A file of these objects, of which the first is the catalog: 1 0 R, and so on.
pub(super) fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    file_with(objects, "")
}

/// The same with more in its trailer.
pub(super) fn file_with(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (n, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n", n + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let begin = file.len();
    let n = objects.len() + 1;
    let end = format!("trailer\n<</Size {n}/Root 1 0 R{trailer}>>\nstartxref\n{begin}\n%%EOF\n");
    file.extend(table.bytes().chain(end.bytes()));
    file
}

/// An object that holds bytes.
pub(super) fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = format!("<<{dictionary}/Length {}>>\nstream\n", bytes.len()).into_bytes();
    stream.extend(bytes);
    stream.extend(b"\nendstream");
    stream
}

/// A file of pages with these contents, with more objects from 4 0 R; pages have these resources
/// besides the font `/F`, and these entries.
pub(super) fn pages(
    contents: &[&str],
    more: &[Vec<u8>],
    resources: &str,
    entries: &str,
) -> Vec<u8> {
    let first = 4 + more.len();
    let kids: Vec<String> = (0..contents.len()).map(|n| format!("{} 0 R", first + 2 * n)).collect();
    let mut objects = vec![
        b"<</Type/Catalog/Pages 2 0 R/Lang(en)>>".to_vec(),
        format!("<</Type/Pages/Count {}/Kids[{}]>>", kids.len(), kids.join(" ")).into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
    ];
    objects.extend(more.iter().cloned());
    for (n, content) in contents.iter().enumerate() {
        let fonts = if resources.contains("/Font") { "" } else { "/Font<</F 3 0 R>>" };
        let content_at = first + 2 * n + 1;
        objects.push(
            format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {content_at} 0 R\
                 /Resources<<{fonts}{resources}>>{entries}>>"
            )
            .into_bytes(),
        );
        objects.push(stream("", content.as_bytes()));
    }
    file(&objects)
}

/// The text of one line at a place.
pub(super) fn line(x: i32, y: i32, size: i32, text: &str) -> String {
    format!("BT /F {size} Tf {x} {y} Td ({text}) Tj ET\n")
}

/// A TrueType font of two empty glyphs, the second of which is for this character.
pub(super) fn font(character: u16) -> Vec<u8> {
    let be = |words: &[u16]| words.iter().flat_map(|it| it.to_be_bytes()).collect::<Vec<u8>>();
    let mut head = vec![0; 54];
    head[1] = 1;
    head[12..16].copy_from_slice(&[0x5f, 0x0f, 0x3c, 0xf5]);
    head[18] = 0x03;
    head[19] = 0xe8;
    let mut hhea = vec![0; 36];
    hhea[1] = 1;
    hhea[35] = 2;
    let map = [0, 1, 3, 1, 0, 12, 6, 12, 0, character, 1, 1];
    let mut maxp = be(&[1, 0, 2]);
    maxp.resize(32, 0);
    let tables: [(&[u8; 4], Vec<u8>); 7] = [
        (b"cmap", be(&map)),
        (b"glyf", be(&[0, 0])),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", be(&[500, 0, 500, 0])),
        (b"loca", be(&[0, 0, 0])),
        (b"maxp", maxp),
    ];
    let mut font = be(&[1, 0, 7, 64, 2, 48]);
    let mut data: Vec<u8> = Vec::new();
    for (name, table) in tables {
        font.extend(name);
        font.extend([0; 4]);
        font.extend((12 + 7 * 16 + data.len() as u32).to_be_bytes());
        font.extend((table.len() as u32).to_be_bytes());
        data.extend(&table);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    font.extend(data);
    font
}
