//! The two kinds of media types that matter here: those that can be read as text, and pages.

/// Whether documents of this media type can be read as text.
pub fn may_be_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+xml")
        || media_type.ends_with("+json")
        || matches!(media_type, "application/json" | "application/xml" | "message/rfc822")
}

/// Whether what people see of this media type is a rendered page.
pub(super) fn is_html(media_type: &str) -> bool {
    matches!(media_type, "text/html" | "application/xhtml+xml")
}
