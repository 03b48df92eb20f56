//! The documents of one container, and of those that lie in it, one after the other.

use std::{collections::VecDeque, io, path::PathBuf, rc::Rc, sync::Arc};

use crate::{
    archive::{
        attached::attached_to,
        compare::Charset,
        ingest::{Captured, Intake, Provenance, Recapture},
    },
    container::{
        Again, Allowance, Body, BodyReader, Contained, Container, ContainerKind, InnerDocument,
        MemberFacts, MemberName, UniqueNames,
    },
    types::{name::DocName, time::Timestamp},
};

use super::{ContainerUnpacker, OpenedFile, OpenedKind, attached, kind_of};
use crate::cli::{files::invalid, own_files::begins_as_key, walk::FoundFile};

/// So many containers lie in one another,
const DEPTH_MAX: usize = 8;
/// and so many mails.
pub(super) const MAIL_DEPTH_MAX: usize = 64;

/// What comes of a container.
pub enum MemberItem {
    Document(Box<Intake>),
    Again(Recapture),
    /// It is larger than is wanted.
    TooLarge(PathBuf),
    /// It is a signing key.
    Key(PathBuf),
    /// Something is not as it should be, and is taken all the same.
    Doubtful(String),
    /// It could not be taken.
    Refused(io::Error),
    /// That was all.
    Unpacked {
        n_documents: u64,
        n_without: u64,
    },
}

/// The documents of a container.
pub struct Members {
    unpacker: Rc<ContainerUnpacker>,
    path: PathBuf,
    /// The last part of the path: what is called the place of what has a name of its own.
    file: String,
    mtime: Option<Timestamp>,
    provenance: Arc<Provenance>,
    /// What goes before names that documents bring with them.
    own_folder: Option<DocName>,
    levels: Vec<OpenContainer>,
    ready: VecDeque<MemberItem>,
    names: UniqueNames,
    allowance: Allowance,
    n_documents: u64,
    n_without: u64,
    /// A mail has no line of its own at the end.
    is_counted: bool,
}

/// One that is being read.
struct OpenContainer {
    container: Box<dyn Container>,
    /// What its documents lie under.
    folder: DocName,
    /// What they are attached to.
    mail: Option<DocName>,
    is_web: bool,
}

impl Members {
    pub(super) fn new(
        unpacker: Rc<ContainerUnpacker>,
        found: &FoundFile,
        opened: OpenedFile,
        (provenance, own_folder): (Arc<Provenance>, Option<DocName>),
    ) -> Self {
        let limits = unpacker.limits;
        let n_bytes = opened.body.n_bytes();
        let file = found.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut members = Self {
            unpacker,
            path: found.path.clone(),
            file,
            mtime: found.stat.modified(),
            provenance,
            own_folder,
            levels: Vec::new(),
            ready: VecDeque::new(),
            names: UniqueNames::default(),
            allowance: Allowance::of(n_bytes, &limits),
            n_documents: 0,
            n_without: 0,
            is_counted: matches!(opened.kind, OpenedKind::Container(_)),
        };
        match opened.kind {
            OpenedKind::Container(kind) => members.enter(kind, &opened.body, found.name.clone()),
            OpenedKind::Mail => members.attached(&opened.body, &found.name),
        }
        members
    }

    fn enter(&mut self, kind: ContainerKind, body: &Body, folder: DocName) {
        let container = kind.open(body, self.unpacker.limits, tempfile::tempfile);
        let is_web = matches!(kind, ContainerKind::Web { .. });
        self.levels.push(OpenContainer { container, folder, mail: None, is_web });
    }

    /// Goes on with what is attached to a mail.
    fn attached(&mut self, body: &Body, mail: &DocName) {
        match attached::to(body, &mail.text()) {
            Ok(None) => {}
            Ok(Some(container)) => {
                let (folder, mail) = (mail.clone(), Some(mail.clone()));
                self.levels.push(OpenContainer { container, folder, mail, is_web: false });
            }
            Err(why) => self.refuse(&format!("what is attached to {}", mail.text()), &why),
        }
    }

    fn refuse(&mut self, what: &str, why: &io::Error) {
        let why = io::Error::new(why.kind(), format!("{what}: {why}"));
        self.ready.push_back(MemberItem::Refused(why));
    }

    fn take(&mut self, found: Contained) {
        match found {
            Contained::Without => self.n_without += 1,
            Contained::Refused { what, why } => self.refuse(&what, &why),
            Contained::Again(again) => self.again(again),
            Contained::InnerDocument(member) => {
                let what = match &member.name {
                    MemberName::Own(name) => name.text().into_owned(),
                    MemberName::Inner(path) => String::from_utf8_lossy(path).into_owned(),
                };
                if let Err(why) = self.member(member) {
                    self.refuse(&what, &why);
                }
            }
        }
    }

    fn again(&mut self, again: Again) {
        let Again { name, about, content, of } = again;
        let what = name.text().into_owned();
        let taken = self.own_name(name).and_then(|name| {
            let of = of.map(|(of, at)| Ok::<_, io::Error>((self.own_name(of)?, at))).transpose()?;
            Ok(Recapture { name, provenance: self.recorded(&about)?, content, of })
        });
        match taken {
            Ok(recapture) => {
                self.n_documents += 1;
                self.ready.push_back(MemberItem::Again(recapture));
            }
            Err(why) => self.refuse(&what, &why),
        }
    }

    fn member(&mut self, member: InnerDocument) -> io::Result<()> {
        let InnerDocument { name, body, mut about, doubt } = member;
        if self.allowance.spend(body.n_bytes()).is_err() {
            self.levels.clear();
            let ratio = self.unpacker.limits.ratio;
            return Err(invalid(format!(
                "more than {ratio} times the size of the container would be unpacked; the rest of it is left out"
            )));
        }
        let Some(level) = self.levels.last() else { return Ok(()) };
        let (is_inner, mail) = (matches!(name, MemberName::Inner(_)), level.mail.clone());
        let name = match name {
            MemberName::Own(name) => self.own_name(name)?,
            MemberName::Inner(path) => {
                let name =
                    DocName::new(path).and_then(|it| it.under(&level.folder)).map_err(invalid)?;
                DocName::new(self.names.unique(name.as_bytes())).map_err(invalid)?
            }
        };
        if self.unpacker.size_max.is_some_and(|max| body.n_bytes() > max) {
            self.ready.push_back(MemberItem::TooLarge(self.path.join(name.text().as_ref())));
            return Ok(());
        }
        if begins_as_key(body.reader()) {
            self.ready.push_back(MemberItem::Key(self.path.join(name.text().as_ref())));
            return Ok(());
        }
        if let Some(doubt) = doubt {
            self.doubt(&name, &doubt);
        }
        let kind = if is_inner { kind_of(&body, name.tail()) } else { None };
        let kind = kind.filter(|kind| kind.is_wanted(self.unpacker.mode));
        match kind {
            Some(OpenedKind::Container(kind)) if self.n_levels(false) < DEPTH_MAX => {
                self.enter(kind, &body, name);
                return Ok(());
            }
            Some(OpenedKind::Container(_)) => {
                self.doubt(
                    &name,
                    "containers lie too deep in one another; this one is kept as it is",
                );
            }
            Some(OpenedKind::Mail) if self.n_levels(true) < MAIL_DEPTH_MAX => {
                self.attached(&body, &name);
            }
            Some(OpenedKind::Mail) => {
                self.doubt(
                    &name,
                    "mails lie too deep in one another; nothing is taken out of this one",
                );
            }
            None => {}
        }
        if let Some(mail) = mail {
            about.remarks.push(attached_to(&mail));
        }
        self.document(name, &body, &about, is_inner)
    }

    fn document(
        &mut self,
        name: DocName,
        body: &Body,
        about: &MemberFacts,
        is_inner: bool,
    ) -> io::Result<()> {
        let provenance = Some(self.recorded(about)?);
        let (n_bytes, mtime) = (body.n_bytes(), about.mtime.or(self.mtime.filter(|_| is_inner)));
        let body = body.clone();
        let source = move || Ok::<BodyReader, io::Error>(body.reader());
        let intake = Intake { mtime, n_bytes, provenance, ..Intake::new(name, source) };
        self.n_documents += 1;
        // Before what is attached to it.
        self.ready.push_front(MemberItem::Document(Box::new(intake)));
        Ok(())
    }

    fn doubt(&mut self, name: &DocName, why: &str) {
        self.ready.push_back(MemberItem::Doubtful(format!("{}: {why}", name.text())));
    }

    /// How many containers, or mails, lie in one another here.
    fn n_levels(&self, are_mails: bool) -> usize {
        self.levels.iter().filter(|level| level.mail.is_some() == are_mails).count()
    }

    fn own_name(&self, name: DocName) -> io::Result<DocName> {
        match &self.own_folder {
            Some(folder) => name.under(folder).map_err(invalid),
            None => Ok(name),
        }
    }

    /// What is recorded of a document: what was asked for, and where that says nothing what the container does.
    fn recorded(&self, about: &MemberFacts) -> io::Result<Arc<Provenance>> {
        let given = &self.provenance;
        let captured = match (given.captured, about.captured) {
            (Captured::At(_), _) | (_, None) => given.captured,
            (_, Some(at)) if at > self.unpacker.now => given.captured,
            (_, Some(at)) => Captured::At(at),
        };
        let named = about.charset.as_deref().and_then(Charset::for_label);
        let is_web = self.levels.last().is_some_and(|level| level.is_web);
        let place = is_web.then(|| format!("from {}", self.file));
        let remarks = given.note.iter().chain(&place).chain(&about.remarks);
        let note = remarks.map(String::as_str).collect::<Vec<_>>().join("; ");
        let provenance = Provenance {
            source: given.source.clone().or_else(|| about.source.clone()),
            captured,
            note: Some(note).filter(|note| !note.is_empty()),
            encoding: given.encoding.or(named),
            ..(**given).clone()
        };
        provenance.check().map_err(|why| invalid(why.to_string()))?;
        Ok(Arc::new(provenance))
    }
}

impl Iterator for Members {
    type Item = MemberItem;

    fn next(&mut self) -> Option<MemberItem> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            let Some(level) = self.levels.last_mut() else {
                let is_counted = std::mem::take(&mut self.is_counted);
                let (n_documents, n_without) = (self.n_documents, self.n_without);
                return is_counted.then_some(MemberItem::Unpacked { n_documents, n_without });
            };
            match level.container.next() {
                Some(found) => self.take(found),
                None => drop(self.levels.pop()),
            }
        }
    }
}
