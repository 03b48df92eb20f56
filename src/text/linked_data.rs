//! JSON-LD: what a page says of itself for machines, in the words of schema.org.

use serde_json::{Map, Value};

/// Longer scripts are not read: a page says this in a few kilobytes.
const SCRIPT_BYTES_MAX: usize = 1 << 20;
/// Nor more scripts of one page.
const SCRIPTS_MAX: usize = 50;
/// Nor more than so many things or values of one property.
const THINGS_MAX: usize = 1000;

/// The things that a page speaks of.
#[derive(Default)]
pub(super) struct LinkedData {
    things: Vec<Map<String, Value>>,
    n_scripts: usize,
}

impl LinkedData {
    /// Reads a script; one that is no JSON says nothing.
    pub(super) fn read(&mut self, script: &str) {
        self.n_scripts += 1;
        if script.len() > SCRIPT_BYTES_MAX || self.n_scripts > SCRIPTS_MAX {
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(script) else { return };
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(values) => open.extend(values.into_iter().rev()),
                Value::Object(mut thing) => {
                    open.extend(thing.remove("@graph"));
                    if self.things.len() < THINGS_MAX {
                        self.things.push(thing);
                    }
                }
                _ => {}
            }
        }
    }

    /// What a property says of the article, or else of the page: texts, and of things their names.
    pub(super) fn values(&self, property: &str) -> Vec<&str> {
        let of = |is_kind: fn(&str) -> bool| {
            let thing = self.things.iter().find(|thing| is_a(thing, is_kind))?;
            let values = self.texts(thing.get(property)?);
            (!values.is_empty()).then_some(values)
        };
        of(is_article).or_else(|| of(is_page)).unwrap_or_default()
    }

    fn texts<'a>(&'a self, value: &'a Value) -> Vec<&'a str> {
        let values = match value {
            Value::Array(values) => &values[..],
            value => std::slice::from_ref(value),
        };
        values.iter().take(THINGS_MAX).filter_map(|value| self.text(value)).collect()
    }

    /// A text, or the name of a thing that stands here or elsewhere in the page.
    fn text<'a>(&'a self, value: &'a Value) -> Option<&'a str> {
        let Value::Object(thing) = value else { return value.as_str() };
        let id = thing.get("@id");
        let meant = |it: &&Map<String, Value>| id.is_some() && it.get("@id") == id;
        let name = || self.things.iter().find(meant)?.get("name");
        thing.get("name").or_else(name)?.as_str()
    }
}

fn is_a(thing: &Map<String, Value>, is_kind: fn(&str) -> bool) -> bool {
    match thing.get("@type") {
        Some(Value::String(kind)) => is_kind(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(is_kind),
        _ => false,
    }
}

fn is_article(kind: &str) -> bool {
    kind.ends_with("Article")
        || kind.ends_with("Posting")
        || matches!(kind, "Report" | "Review" | "Recipe" | "Book" | "CreativeWork")
}

fn is_page(kind: &str) -> bool {
    kind.ends_with("Page")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(scripts: &[&str], property: &str) -> String {
        let mut data = LinkedData::default();
        scripts.iter().for_each(|script| data.read(script));
        data.values(property).join(", ")
    }

    #[test]
    fn an_article_is_believed_before_its_page() {
        let graph = r##"{"@context": "https://schema.org", "@graph": [
            {"@type": "WebPage", "description": "A page", "author": "no"},
            {"@type": ["Thing", "NewsArticle"], "author": [{"@id": "#holm"}, {"name": "Skerl"}, "Wool", 7]},
            {"@type": "Person", "@id": "#holm", "name": "Holm"}]}"##;
        assert_eq!(values(&[graph], "author"), "Holm, Skerl, Wool");
        assert_eq!(values(&[graph], "description"), "A page");
        assert_eq!(values(&[graph], "publisher"), "");
        let other = r#"[{"@type": "BlogPosting", "publisher": {"name": "The Gull"}}]"#;
        assert_eq!(values(&["", "{", other], "publisher"), "The Gull");
        assert_eq!(values(&[r#"{"@type": "Product", "author": "no"}"#], "author"), "");
    }

    #[test]
    fn data_without_end_is_not_read() {
        let deep = "[".repeat(100_000);
        assert_eq!(values(&[&deep], "author"), "");
        let article = r#"{"@type": "Article", "author": "A"}"#;
        let long = format!("{}{article}", " ".repeat(SCRIPT_BYTES_MAX));
        assert_eq!(values(&[&long], "author"), "");
        let scripts = vec!["{}"; SCRIPTS_MAX];
        assert_eq!(values(&[&scripts[..], &[article]].concat(), "author"), "");
        assert_eq!(values(&[article], "author"), "A");
    }
}
