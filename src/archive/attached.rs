//! What was attached to mails: its note says to which one, by the name that the mail had then.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::types::{
    digest::DocId,
    document::{Document, Revision},
    error::Error,
    name::DocName,
};

use super::Archive;

/// How the last part of such a note begins.
const ATTACHED_TO: &str = "attached to ";

/// What is noted of what is attached to a mail.
pub fn attached_to(mail: &DocName) -> String {
    format!("{ATTACHED_TO}{}", mail.text())
}

/// The names that a note may give as the mail's: it is the last part, and a name may look like such a part.
fn mails_of(note: &str) -> impl Iterator<Item = &str> {
    let found = note.match_indices(ATTACHED_TO);
    let found = found.filter(|(at, _)| *at == 0 || note[..*at].ends_with("; "));
    found.map(|(at, words)| &note[at + words.len()..])
}

impl Archive {
    /// The documents that came out of a mail and lie below its name, each with the rest of its own.
    pub fn attached_below(&self, mail: &Document) -> Result<Vec<(Document, DocName)>, Error> {
        let attached = self.attached_revisions(std::iter::once(mail.clone()))?;
        let mut found = BTreeMap::new();
        for (document, _) in attached {
            let below = document.name.as_bytes().strip_prefix(mail.name.as_bytes());
            let rest = below.and_then(|it| it.strip_prefix(b"/")).map(DocName::new);
            if let Some(rest) = rest.transpose().map_err(Error::usage)? {
                found.insert(document.id, (document, rest));
            }
        }
        Ok(found.into_values().collect())
    }

    /// The revisions that came out of some documents, and out of what came out of these, in order of name.
    pub(super) fn attached_revisions(
        &self,
        mails: impl Iterator<Item = Document>,
    ) -> Result<Vec<(Document, Revision)>, Error> {
        let noted = self.noted_as_attached()?;
        let mut waiting: BTreeMap<DocId, Document> = mails.map(|it| (it.id, it)).collect();
        let mut met: HashSet<DocId> = waiting.keys().copied().collect();
        let mut found = BTreeMap::new();
        while let Some((_, mail)) = waiting.pop_first() {
            for event in self.events_attached(&mail, &noted)? {
                let Some((document, revision)) = self.catalog.revision_of_event(event)? else {
                    continue;
                };
                if met.insert(document.id) {
                    waiting.insert(document.id, document.clone());
                }
                found.insert((document.name.as_bytes().to_vec(), event), (document, revision));
            }
        }
        Ok(found.into_values().collect())
    }

    /// Those of the events that are noted to be attached to a mail, by the name that it had then.
    fn events_attached(
        &self,
        mail: &Document,
        noted: &HashMap<String, Vec<u64>>,
    ) -> Result<Vec<u64>, Error> {
        let names = self.names_since(mail)?;
        let name_at = |event: u64| names.iter().rev().find(|(since, _)| *since <= event);
        let texts: HashSet<_> = names.iter().map(|(_, name)| name.text()).collect();
        let mut events = Vec::new();
        for text in texts {
            let all = noted.get(&*text).into_iter().flatten().copied();
            // Another mail may have had the name at another time.
            events.extend(all.filter(|it| name_at(*it).is_some_and(|it| it.1.text() == text)));
        }
        Ok(events)
    }

    /// The events of the revisions that were attached to something, by its name. What was noted first counts.
    fn noted_as_attached(&self) -> Result<HashMap<String, Vec<u64>>, Error> {
        let (mut noted, mut notes) = (HashMap::<String, Vec<u64>>::new(), Vec::new());
        let corrected = self.catalog.revisions_with_other_notes()?;
        for (event, note) in self.catalog.notes_with(ATTACHED_TO)? {
            if !corrected.contains(&event) {
                notes.push((event, note));
            }
        }
        for event in corrected {
            let Some((document, revision)) = self.catalog.revision_of_event(event)? else {
                continue;
            };
            let note = self.first_words(&document, revision.number)?.note;
            notes.extend(note.map(|note| (event, note)));
        }
        for (event, note) in &notes {
            for mail in mails_of(note) {
                noted.entry(mail.to_owned()).or_default().push(*event);
            }
        }
        Ok(noted)
    }

    /// The names of a document, each with the event since which it has it.
    fn names_since(&self, document: &Document) -> Result<Vec<(u64, DocName)>, Error> {
        let entries = self.catalog.document_entries(document)?.into_iter();
        let renames: Vec<_> =
            entries.filter_map(|entry| Some((entry.event, entry.names?))).collect();
        let first = renames.first().map_or(&document.name, |(_, (before, _))| before).clone();
        // Before it was there another one may have had the name.
        let revisions = self.catalog.revisions(document)?;
        let began = revisions.iter().map(|revision| revision.event).min().unwrap_or(0);
        let later = renames.into_iter().map(|(event, (_, name))| (event, name));
        Ok([(began, first)].into_iter().chain(later).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_the_mail_in_its_last_part() {
        for (note, expected) in [
            ("attached to m.eml", &["m.eml"][..]),
            ("of March; from a.mbox; attached to a.mbox/m.eml", &["a.mbox/m.eml"]),
            ("attached to a; attached to b", &["a; attached to b", "b"]),
            ("it was attached to m.eml", &[]),
            ("", &[]),
        ] {
            assert_eq!(mails_of(note).collect::<Vec<_>>(), expected, "{note}");
        }
    }
}
