//! Renaming documents, and correcting what was written about them: events alone, no bytes.

use crate::{
    archive::{
        Archive, WriteContext,
        commit::{ACT_TRIES_MAX, OTHERS},
        presence::AsOf,
    },
    journal::{
        Draft,
        event::{Detail, DocumentDetail, DocumentEvent, DocumentEventKind, Event},
        note::Signer,
    },
    types::{
        digest::DocId,
        document::{Document, Revision},
        error::Error,
        name::DocName,
        tag::TagChange,
        time::Timestamp,
    },
};

/// What is right of a revision and its document; what is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// Where the revision came from; empty for nowhere that is known.
    pub source: Option<String>,
    /// When it was captured.
    pub captured: Option<Timestamp>,
    /// A note about it; empty for none.
    pub note: Option<String>,
    /// Tags that are put on the document, or taken off it.
    pub tags: Vec<TagChange>,
}

/// Documents that get other names, and since when they have had them, if that is not now.
#[derive(Debug, Clone, Default)]
pub struct RenameRequest {
    /// Each with the name that it gets.
    pub names: Vec<(Document, DocName)>,
    /// When that was.
    pub captured: Option<Timestamp>,
    /// What a person wants remembered of it.
    pub note: Option<String>,
}

/// An event that is to be recorded.
struct WantedEvent {
    doc: DocId,
    /// The name by which the document is known.
    name: DocName,
    kind: DocumentEventKind,
    /// The revision that it is about; none stands for the latest recorded.
    of: Option<u64>,
    detail: DocumentDetail,
}

impl Archive {
    /// Gives documents other names, all in one commit; the index of its first event.
    ///
    /// A name that another document has, gone or not, is refused.
    pub fn rename(
        &mut self,
        request: &RenameRequest,
        (signer, context): (&Signer, &WriteContext),
        who: &str,
    ) -> Result<u64, Error> {
        let wanted = request.names.iter().map(|(document, name)| WantedEvent {
            doc: document.id,
            name: document.name.clone(),
            kind: DocumentEventKind::Rename,
            of: None,
            detail: DocumentDetail {
                name: Some(name.clone()),
                captured: request.captured,
                note: request.note.clone(),
                ..DocumentDetail::default()
            },
        });
        let check = |archive: &Self| archive.must_be_free(&request.names);
        self.record_of_documents(wanted.collect(), check, (signer, context), who)
    }

    /// Records what is right of a revision; the index of the event.
    pub fn describe(
        &mut self,
        (document, revision): (&Document, &Revision),
        description: &Description,
        (signer, context): (&Signer, &WriteContext),
        who: &str,
    ) -> Result<u64, Error> {
        let Description { source, captured, note, tags } = description.clone();
        let wanted = WantedEvent {
            doc: document.id,
            name: document.name.clone(),
            kind: DocumentEventKind::Describe,
            of: Some(revision.event),
            detail: DocumentDetail { source, captured, note, tags, ..DocumentDetail::default() },
        };
        let check = |archive: &Self| archive.must_be_tagged(document, &description.tags);
        self.record_of_documents(vec![wanted], check, (signer, context), who)
    }

    fn must_be_free(&self, names: &[(Document, DocName)]) -> Result<(), Error> {
        let mut taken = std::collections::HashSet::new();
        for (document, name) in names {
            let shown = name.text();
            if document.name == *name {
                return Err(Error::usage(format!("{shown} has that name already")));
            }
            if !taken.insert(name) {
                return Err(Error::usage(format!("two documents would be {shown}")));
            }
            self.must_be_no_folder(document, name)?;
            if let Some(other) = self.catalog.document_named(name)? {
                return Err(Error::usage(match other.gone {
                    Some(_) => format!(
                        "{shown} is the name of a document that is gone; give that another one first"
                    ),
                    None => format!("there is a document {shown}; a name belongs to one document"),
                }));
            }
        }
        Ok(())
    }

    /// That nothing would be both a document and a folder.
    fn must_be_no_folder(&self, document: &Document, name: &DocName) -> Result<(), Error> {
        let shown = name.text();
        let is_other = |below: &Document, _: &Revision| Ok(below.id == document.id);
        let names = self.names_then(AsOf::Now)?;
        if !self.each_while((Some(name), AsOf::Now), &names, &mut { is_other })? {
            return Err(Error::usage(format!(
                "{shown} is a folder of documents; name what lies in it: {shown}/{}",
                String::from_utf8_lossy(document.name.tail())
            )));
        }
        for above in name.folders() {
            let other = self.catalog.document_named(&above)?;
            if other.is_some_and(|other| other.id != document.id && other.gone.is_none()) {
                let above = above.text();
                return Err(Error::usage(format!("{above} is a document, and no folder")));
            }
        }
        Ok(())
    }

    /// That tags which are taken off are there.
    fn must_be_tagged(&self, document: &Document, tags: &[TagChange]) -> Result<(), Error> {
        for change in tags {
            if let TagChange::Removed(tag) = change
                && !self.catalog.has_tag(&document.name, tag)?
            {
                let name = document.name.text();
                let has = match &self.catalog.tags(document)?[..] {
                    [] => "none".to_owned(),
                    tags => tags.join(" "),
                };
                return Err(Error::usage(format!("{name} has no tag {tag}; it has {has}")));
            }
        }
        Ok(())
    }

    /// Commits events about documents, each as the next one of its own.
    fn record_of_documents(
        &mut self,
        wanted: Vec<WantedEvent>,
        check: impl Fn(&Self) -> Result<(), Error>,
        (signer, context): (&Signer, &WriteContext),
        who: &str,
    ) -> Result<u64, Error> {
        let (_lock, mut edge) = self.begin(signer, who)?;
        for n_tries in 0..ACT_TRIES_MAX {
            check(self)?;
            let drafts = self.drafts_of_documents(&wanted, n_tries, context)?;
            let closing = context.closing(n_tries, drafts.len());
            if let Some(index) = self.commit_acts(&drafts, closing, &mut edge, signer)? {
                return Ok(index);
            }
        }
        Err(Error::Busy { who: OTHERS.into() })
    }

    fn drafts_of_documents(
        &self,
        wanted: &[WantedEvent],
        n_tries: u64,
        context: &WriteContext,
    ) -> Result<Vec<Draft>, Error> {
        let at = context.now;
        let (salts, mut drafts) = (context.salts(n_tries), Vec::new());
        for (n, WantedEvent { doc, name, kind, of, detail }) in wanted.iter().enumerate() {
            let latest = self.catalog.latest(name)?.filter(|latest| latest.doc == *doc);
            let Some(latest) = latest else {
                let what = format!("{} was renamed meanwhile", name.text());
                return Err(Error::NotFound { what, candidates: Vec::new() });
            };
            let act = context.act_detail(salts.salt(n as u64), None);
            let (salt, by, tool) = (act.salt, act.by, act.tool);
            let detail = Detail::Document(DocumentDetail { salt, by, tool, ..detail.clone() });
            let (kind, doc, prev, of) = (*kind, *doc, latest.last, of.unwrap_or(latest.event));
            drafts.push(Draft::new(&detail, |detail| {
                Event::Document(DocumentEvent { kind, at, doc, prev, of, detail })
            })?);
        }
        Ok(drafts)
    }
}
