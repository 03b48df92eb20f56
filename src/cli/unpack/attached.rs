//! What is attached to a mail, as a container has its members.

use std::{collections::VecDeque, io};

use crate::{
    archive::extract::{Attachment, ExtractionStatus},
    cli::{extractor::attachments, files::invalid},
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

/// What is attached to a mail, if there is any.
pub(super) fn to(mail: &Body) -> io::Result<Option<Box<dyn Container>>> {
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
    let found: VecDeque<Contained> = (1..).zip(attached).map(|(n, it)| found(n, it)).collect();
    Ok((!found.is_empty()).then(|| Box::new(Attached(found)) as Box<dyn Container>))
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
