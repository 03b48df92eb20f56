//! The kinds of media types that matter here: those whose bytes are text, pages, and those that are rendered as pages.

use super::extract::Format;

/// Whether documents of this media type can be read as text.
pub fn may_be_text(media_type: &str) -> bool {
    are_bytes_text(media_type) || Format::of(media_type).is_some()
}

/// Whether the bytes themselves can be read as text.
pub fn are_bytes_text(media_type: &str) -> bool {
    // An empty file has the text that an emptied page has.
    media_type == "inode/x-empty"
        || media_type.starts_with("text/")
        || media_type.ends_with("+xml")
        || media_type.ends_with("+json")
        || matches!(
            media_type,
            "application/json" | "application/xml" | "message/rfc822" | "application/mbox"
        )
}

/// Whether a program of the user may read this media type: what is text is read as it is, but for mails.
pub fn can_be_hooked(media_type: &str) -> bool {
    !are_bytes_text(media_type) || Format::of(media_type).is_some()
}

/// Whether a tab ends a cell in the text of this media type.
pub fn has_tables(media_type: &str) -> bool {
    media_type == "text/tab-separated-values" || is_separated(media_type) || is_page(media_type)
}

/// Whether each line of this media type stands for itself, as in code and data: sentences do not go on in the next one. An
/// empty file has no others.
pub fn has_lines(media_type: &str) -> bool {
    is_separated(media_type) || media_type.ends_with("+json") || IN_LINES.contains(&media_type)
}

/// Types of code and data.
const IN_LINES: &[&str] = &[
    "application/json",
    "inode/x-empty",
    "text/calendar",
    "text/css",
    "text/javascript",
    "text/tab-separated-values",
    "text/vcard",
    "text/x-c",
    "text/x-c++",
    "text/x-csharp",
    "text/x-diff",
    "text/x-go",
    "text/x-ini",
    "text/x-java",
    "text/x-kotlin",
    "text/x-log",
    "text/x-lua",
    "text/x-perl",
    "text/x-php",
    "text/x-python",
    "text/x-r",
    "text/x-ruby",
    "text/x-rust",
    "text/x-shellscript",
    "text/x-sql",
    "text/x-swift",
    "text/x-toml",
    "text/x-typescript",
    "text/x-yaml",
];

/// Whether it has a table in rows whose cells commas part, or what stands for these.
pub fn is_separated(media_type: &str) -> bool {
    media_type == "text/csv"
}

/// Whether what people see of this media type is a rendered page.
pub(super) fn is_page(media_type: &str) -> bool {
    is_html(media_type) || Format::of(media_type).is_some()
}

/// Whether it is a page of the web.
pub(super) fn is_html(media_type: &str) -> bool {
    media_type == "text/html" || is_xhtml(media_type)
}

/// Whether it is a page by the rules of XML.
pub(super) fn is_xhtml(media_type: &str) -> bool {
    media_type == "application/xhtml+xml"
}
