//! The attributes of a tag, by the tokenizer's rules in the HTML Living Standard, section 13.2.5.32 on.

/// Attributes as they are written, up to the `>` that ends the tag.
pub(super) struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Those of a tag, after its name.
    pub(super) fn of(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn skip(&mut self, is_skipped: impl Fn(&u8) -> bool) {
        self.take(|byte| is_skipped(byte));
    }

    fn take(&mut self, is_taken: impl Fn(&u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !is_taken(byte));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }
}

/// Name and value; without a value, an empty one.
impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let is_gap = |byte: &u8| is_space(*byte) || *byte == b'/';
        self.skip(is_gap);
        if self.rest.first().is_none_or(|byte| *byte == b'>') {
            return None;
        }
        // A sign of equality at the start belongs to the name.
        let start = self.rest;
        self.rest = &start[1..];
        let n_more = self.take(|byte| !(is_gap(byte) || *byte == b'>' || *byte == b'=')).len();
        let name = &start[..1 + n_more];
        let after_name = self.rest;
        self.skip(|byte| is_space(*byte));
        let Some(value) = self.rest.strip_prefix(b"=") else {
            self.rest = after_name;
            return Some((name, b""));
        };
        self.rest = value;
        self.skip(|byte| is_space(*byte));
        let value = match self.rest.first() {
            Some(quote @ (b'"' | b'\'')) => {
                self.rest = &self.rest[1..];
                let value = self.take(|byte| byte != quote);
                self.rest = self.rest.get(1..).unwrap_or_default();
                value
            }
            _ => self.take(|byte| !(is_space(*byte) || *byte == b'>')),
        };
        Some((name, value))
    }
}

/// White space in tags.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_cut_as_browsers_do() {
        for (tag, expected, rest) in [
            ("", "", ""),
            (" a=1 B = '2>' c>x", "a:1,B:2>,c:", ">x"),
            ("/a/=\"/b\"/>x", "a:,=\":,b\":", ">x"),
            (" = '>'>y", "=:,':", ">'>y"),
            (" a='open>", "a:open>", ""),
            (" a=>y", "a:", ">y"),
            (" é=ü/>", "é:ü/", ">"),
        ] {
            let mut attributes = Attributes::of(tag.as_bytes());
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let found: Vec<String> = attributes
                .by_ref()
                .map(|(name, value)| format!("{}:{}", text(name), text(value)))
                .collect();
            assert_eq!(
                (found.join(","), text(attributes.rest())),
                (expected.to_owned(), rest.to_owned()),
                "{tag}"
            );
        }
    }
}
