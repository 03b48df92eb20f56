//! What is attached to a mail, as a container has its members.

use std::{collections::VecDeque, io};

use crate::{
    archive::extract::{Attachment, Attachments, ExtractionStatus},
    cli::{extractor::attachments, files::invalid, print::terminal::count},
    container::{Body, Contained, Container, InnerDocument, MemberFacts, MemberName, file_name},
    types::limits::TEXT_BYTES_MAX,
};

/// The endings of what has no name, by the second part of its type.
const ENDINGS: &[(&str, &str)] = &[
    ("rfc822", ".eml"),
    ("global", ".eml"),
    ("plain", ".txt"),
    ("html", ".html"),
    ("jpeg", ".jpg"),
    ("png", ".png"),
    ("gif", ".gif"),
    ("pdf", ".pdf"),
    ("calendar", ".ics"),
];

/// What is attached to a mail.
struct Attached(VecDeque<Contained>);

impl Container for Attached {
    fn next(&mut self) -> Option<Contained> {
        self.0.pop_front()
    }
}

/// What is attached to a mail, which is called so, if there is any.
pub(super) fn to(mail: &Body, name: &str) -> io::Result<Option<Box<dyn Container>>> {
    if mail.n_bytes() > TEXT_BYTES_MAX as u64 {
        return Err(invalid("a mail of more than 64 MiB is not taken apart"));
    }
    let attached = attachments::of_mail(&mail.head(TEXT_BYTES_MAX)?).map_err(|status| {
        invalid(match status {
            ExtractionStatus::Timeout => "it took too long to take them out",
            ExtractionStatus::Unsupported => "it is no mail",
            _ => "what takes them out broke down",
        })
    })?;
    let found = contained(attached, name);
    Ok((!found.is_empty()).then(|| Box::new(Attached(found)) as Box<dyn Container>))
}

/// What is found, and that there is more where that is so.
fn contained(attached: Attachments, name: &str) -> VecDeque<Contained> {
    let Attachments { found: attached, n_more } = attached;
    let n_taken = attached.len();
    let mut found: VecDeque<Contained> = (1..).zip(attached).map(|(n, it)| found(n, it)).collect();
    if n_more > 0 {
        let (n_taken, n_all) = (count(n_taken as u64), count((n_taken + n_more) as u64));
        let why = invalid(format!("{n_taken} of {n_all} attachments are taken, and no more"));
        found.push_back(Contained::Refused { what: name.to_owned(), why });
    }
    found
}

fn found(n: u64, attachment: Attachment) -> Contained {
    let Attachment { name, subtype, bytes } = attachment;
    let ending = ENDINGS.iter().find(|(of, _)| *of == subtype).map_or("", |(_, ending)| ending);
    let plain = format!("attachment-{n}{ending}");
    let name = file_name(name.as_deref().unwrap_or_default(), &plain);
    // A mail is known by its name.
    let name = match ending == ".eml" && !name.to_ascii_lowercase().ends_with(".eml") {
        true => format!("{name}.eml"),
        false => name,
    };
    Contained::InnerDocument(InnerDocument {
        name: MemberName::Inner(name.into_bytes()),
        body: Body::of_bytes(bytes),
        about: MemberFacts::default(),
        doubt: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_more_is_attached_than_is_taken_is_told() {
        let bytes = b"words".to_vec();
        let one = Attachment { name: None, subtype: "plain".to_owned(), bytes };
        let contained =
            |n_more| contained(Attachments { found: vec![one.clone()], n_more }, "m.eml");
        assert_eq!(contained(0).len(), 1);
        let Some(Contained::Refused { what, why }) = contained(1000).pop_back() else { panic!() };
        let why = why.to_string();
        assert_eq!(
            (&what[..], &why[..]),
            ("m.eml", "1 of 1,001 attachments are taken, and no more")
        );
    }
}
