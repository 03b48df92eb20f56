//! What is added, as the walk finds it.

use std::{
    iter,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::ingest::{Captured, IngestItem, Provenance},
    cli::{
        own_files::OwnFile,
        session::{Session, clock},
        sources,
        unpack::{ContainerUnpacker, MemberItem},
        walk::{CommandRules, FoundFile, Naming, Options, Reason, Unreadable, WalkItem},
    },
    container::Limits,
    types::{error::Error, time::Timestamp},
};

use super::add_args::AddArgs;

/// What is added, in the order of the walk.
pub type Items = Box<dyn Iterator<Item = IngestItem<ItemTag>>>;

/// What the walk found at a path.
pub enum ItemTag {
    /// A file, and its time where that lies ahead and was to say when it was captured.
    Document {
        path: PathBuf,
        ahead: Option<Timestamp>,
    },
    /// A document in the container there.
    Member(PathBuf),
    /// Something in the container there is not as it should be, and is taken all the same.
    Doubtful(PathBuf, String),
    /// All that is in the container there was given out.
    Unpacked {
        path: PathBuf,
        n_documents: u64,
        n_without: u64,
    },
    Skipped(PathBuf, Reason),
    Unreadable(Unreadable),
}

impl ItemTag {
    /// The path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Document { path, .. }
            | Self::Member(path)
            | Self::Doubtful(path, _)
            | Self::Unpacked { path, .. }
            | Self::Skipped(path, _) => path,
            Self::Unreadable(unreadable) => &unreadable.path,
        }
    }
}

/// Nothing can be captured before it is there; a time ahead would hide what comes until then.
pub fn past(captured: Timestamp, session: &Session) -> Result<Timestamp, Error> {
    match is_ahead(captured, session.now) {
        true => {
            Err(Error::usage(format!("--captured {captured} lies ahead; it is {}", session.now)))
        }
        false => Ok(captured),
    }
}

/// Whether a time lies ahead; a command began at a whole second, and has gone on since.
fn is_ahead(time: Timestamp, began: Timestamp) -> bool {
    time > began && time > clock()
}

/// What is left out, and what things are called.
pub fn walk_options(session: &mut Session, args: &AddArgs) -> Result<Options, Error> {
    Ok(Options {
        naming: Naming { as_name: args.as_name.clone(), prefix: args.prefix.clone() },
        rules: CommandRules::new(&args.exclude, &args.exclude_from)?,
        git: args.gitignore,
        size_max: args.max_size,
        one_file_system: args.one_file_system,
        own: session.own_files(),
    })
}

/// What unpacks containers; what is recorded of everything is `common`.
pub fn unpacker(session: &Session, args: &AddArgs, common: &Provenance) -> Rc<ContainerUnpacker> {
    Rc::new(ContainerUnpacker {
        mode: args.unpack,
        now: session.now,
        provenance: Arc::new(common.clone()),
        size_max: args.max_size,
        prefix: args.prefix.clone(),
        limits: Limits::default(),
    })
}

/// What a line of a manifest says of a file, and whether it names it.
pub type GivenByLine = Option<(Arc<Provenance>, bool)>;

/// What the walk met, as it is added: of containers what is in them.
pub fn items_of(walked: WalkItem, unpacker: &Rc<ContainerUnpacker>, given: GivenByLine) -> Items {
    let found = match walked {
        WalkItem::Found(found) => found,
        WalkItem::Skipped { path, reason } => return one(ItemTag::Skipped(path, reason)),
        WalkItem::Unreadable(unreadable) => return one(ItemTag::Unreadable(unreadable)),
    };
    let Some(opened) = unpacker.look_for_wanted(&found) else {
        return Box::new(iter::once(whole(found, unpacker, given.map(|given| given.0))));
    };
    let is_beside = !opened.kind.is_container();
    let members = unpacker.members(&found, opened, given.clone());
    let path = found.path.clone();
    let members = members.map(move |item| member(item, &path));
    match is_beside {
        true => {
            let whole = whole(found, unpacker, given.map(|given| given.0));
            Box::new(iter::once(whole).chain(members))
        }
        false => Box::new(members),
    }
}

fn one(tag: ItemTag) -> Items {
    Box::new(iter::once(IngestItem::Other(tag)))
}

/// A file as one document.
fn whole(
    found: FoundFile,
    unpacker: &ContainerUnpacker,
    provenance: Option<Arc<Provenance>>,
) -> IngestItem<ItemTag> {
    let captured = provenance.as_ref().unwrap_or(&unpacker.provenance).captured;
    let mtime = found.stat.modified().filter(|_| captured == Captured::Mtime);
    let ahead = mtime.filter(|mtime| is_ahead(*mtime, unpacker.now));
    let tag = ItemTag::Document { path: found.path.clone(), ahead };
    let mut intake = sources::intake(found);
    intake.provenance = provenance;
    IngestItem::Document(intake, tag)
}

/// What came of the container at a path.
fn member(item: MemberItem, path: &Path) -> IngestItem<ItemTag> {
    let path = path.to_owned();
    match item {
        MemberItem::Document(intake) => IngestItem::Document(*intake, ItemTag::Member(path)),
        MemberItem::Again(recapture) => IngestItem::Again(recapture, ItemTag::Member(path)),
        MemberItem::TooLarge(path) => IngestItem::Other(ItemTag::Skipped(path, Reason::TooLarge)),
        MemberItem::Key(path) => {
            IngestItem::Other(ItemTag::Skipped(path, Reason::Own(OwnFile::Key)))
        }
        MemberItem::Doubtful(why) => IngestItem::Other(ItemTag::Doubtful(path, why)),
        MemberItem::Refused(error) => {
            IngestItem::Other(ItemTag::Unreadable(Unreadable { path, error }))
        }
        MemberItem::Unpacked { n_documents, n_without } => {
            IngestItem::Other(ItemTag::Unpacked { path, n_documents, n_without })
        }
    }
}
