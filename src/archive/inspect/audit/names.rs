//! A name belongs to one document at a time: what gives it to a second one is found.

use crate::{
    journal::event::{Detail, DocumentDetail, Event},
    types::{digest::DocId, error::Error, name::DocName},
};

use super::{Auditor, Code};

impl Auditor<'_> {
    /// Looks for events that give a document a name which another one has.
    pub(super) fn names(&mut self) -> Result<(), Error> {
        // Where some of it cannot be read a name may have been given up without a trace.
        if !self.unreadable.needs.is_empty() {
            return Ok(());
        }
        // Without renames the catalog has a document by its id where its name was another one's.
        for (doc, first) in self.projection.documents_named_by_id()? {
            if self.projection.renames_of(doc)?.is_empty() {
                self.name_given(doc, first)?;
            }
        }
        for (document, renames) in self.projection.renames()? {
            let last = renames.last().filter(|last| last.name != document.name);
            if let Some(last) = last {
                self.name_given(document.id, last.event)?;
            }
        }
        Ok(())
    }

    fn name_given(&mut self, doc: DocId, event: u64) -> Result<(), Error> {
        let journal = &self.archive.journal;
        // A name that was withdrawn was free, and is found by what came back.
        if journal.withdrawals(0..journal.size())?.details.contains_key(&event) {
            return Ok(());
        }
        let entry = journal.entries(event..event + 1).next().transpose()?;
        let Some((event_read, detail)) = entry.map(|entry| (entry.event, entry.detail)) else {
            return Ok(());
        };
        let name: Option<DocName> = match (event_read, detail) {
            (Event::Revise(_), Some(Detail::Revise(detail))) => Some(detail.name),
            (Event::Document(_), Some(Detail::Document(DocumentDetail { name, .. }))) => name,
            _ => None,
        };
        // Somebody may have called a document as its id is spelled.
        let own = doc.to_string();
        if let Some(name) = name.filter(|name| name.as_bytes() != own.as_bytes()) {
            let why =
                format!("it gives a document the name {}, which another one has", name.text());
            self.find(Code::NameTaken, format!("event {event}"), why);
        }
        Ok(())
    }
}
