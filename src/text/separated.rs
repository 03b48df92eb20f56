//! Comma-separated values as the table that people see: a line for each row, a tab between cells.
//!
//! After RFC 4180: a cell in quotes may hold separators and ends of lines, and a quote in it stands twice. Where
//! semicolons, tabs or bars part the cells of the first row, and not commas, they do in all.

/// What may part cells; of those that part as many the first.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// The table of a text with lines ended by `\n`. An end of a line within a cell, or a tab, is a space there.
pub fn table(text: &str) -> String {
    let separator = separator_of(text);
    let (mut table, mut rest) = (String::with_capacity(text.len()), text);
    while !rest.is_empty() {
        let cell = rest.strip_prefix('"');
        if let Some((cell, n_bytes)) = cell.and_then(|cell| Some((cell, quoted(cell)?))) {
            put(&mut table, &cell[..n_bytes].replace("\"\"", "\""));
            rest = &cell[n_bytes + 1..];
        }
        let end = rest.find([separator, '\n']).unwrap_or(rest.len());
        put(&mut table, &rest[..end]);
        rest = &rest[end..];
        if let Some(row) = rest.strip_prefix('\n') {
            table.push('\n');
            rest = row;
        } else if let Some(cell) = rest.strip_prefix(separator) {
            table.push('\t');
            rest = cell;
        }
    }
    table
}

fn put(table: &mut String, cell: &str) {
    table.extend(cell.chars().map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c }));
}

/// How long a cell is whose quote has been opened; none where it is never closed, which is then no quote.
fn quoted(cell: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let end = from + cell[from..].find('"')?;
        if !cell[end + 1..].starts_with('"') {
            return Some(end);
        }
        from = end + 2;
    }
}

fn separator_of(text: &str) -> char {
    let mut counts = [0; SEPARATORS.len()];
    let mut is_quoted = false;
    for c in text.chars().take_while(|c| *c != '\n') {
        is_quoted ^= c == '"';
        if let Some(at) = SEPARATORS.iter().position(|it| *it == c).filter(|_| !is_quoted) {
            counts[at] += 1;
        }
    }
    let most = counts.into_iter().max().unwrap_or(0);
    let found = SEPARATORS.into_iter().zip(counts).find(|(_, n)| *n == most);
    found.map_or(',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_lines_and_tabs_part_cells() {
        for (text, wanted) in [
            ("", ""),
            ("a,b\n1,2\n", "a\tb\n1\t2\n"),
            ("a,b\n1,2", "a\tb\n1\t2"),
            ("a,,\n,,b\n\nc\n", "a\t\t\n\t\tb\n\nc\n"),
            ("a;b;\"c,d\"\n1,5;2;3\n", "a\tb\tc,d\n1,5\t2\t3\n"),
            ("a\tb,c\td\n1\t2\t3", "a\tb,c\td\n1\t2\t3"),
            ("a|b\n1|2,3\n", "a\tb\n1\t2,3\n"),
            ("\"a, b\",\"say \"\"no\"\"\",\"\"\n", "a, b\tsay \"no\"\t\n"),
            ("\"two\nlines\",x\ny,\"a\tb\"\n", "two lines\tx\ny\ta b\n"),
            // Quotes that are none.
            ("5\" pipe,2\n\"open,1\n2,3\n", "5\" pipe\t2\n\"open\t1\n2\t3\n"),
            ("\"a\"b,c\n", "ab\tc\n"),
            ("\"", "\""),
            ("\"\"\"\",\"\"\"", "\"\t\"\"\""),
            ("ä,\"ö\"\"\",ü", "ä\tö\"\tü"),
            ("one\ntwo\n", "one\ntwo\n"),
        ] {
            assert_eq!(table(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_stays_open_is_looked_for_once() {
        let rows = "\"a,\n".repeat(200_001);
        assert_eq!(table(&rows).matches('\n').count(), 100_001);
        // Nor is it looked for where a cell has none: a pass for each cell would take hours.
        let text = format!("{}\"x", "a,b\n".repeat(1_000_000));
        assert!(table(&text).ends_with("b\n\"x"));
    }
}
