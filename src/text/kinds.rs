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
        || matches!(media_type, "application/json" | "application/xml" | "message/rfc822")
}

/// Whether a program of the user may read this media type: what is text is read as it is, but for mails.
pub fn can_be_hooked(media_type: &str) -> bool {
    !are_bytes_text(media_type) || Format::of(media_type).is_some()
}

/// Whether a tab ends a cell in the text of this media type.
pub fn has_tables(media_type: &str) -> bool {
    media_type == "text/tab-separated-values" || is_separated(media_type) || is_page(media_type)
}

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
