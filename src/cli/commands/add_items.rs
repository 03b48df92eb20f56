//! What is added, as the walk finds it.

use std::path::{Path, PathBuf};

use crate::{
    archive::ingest::IngestItem,
    cli::{
        own_files::OwnFiles,
        session::Session,
        sources,
        walk::{CommandRules, Naming, Options, Reason, Unreadable, WalkItem},
    },
    types::{error::Error, time::Timestamp},
};

use super::add_args::AddArgs;

/// What is added, in the order of the walk.
pub type Items = Box<dyn Iterator<Item = IngestItem<ItemTag>>>;

/// What the walk found at a path.
pub enum ItemTag {
    Document(PathBuf),
    Skipped(PathBuf, Reason),
    Unreadable(Unreadable),
}

impl ItemTag {
    /// The path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Document(path) | Self::Skipped(path, _) => path,
            Self::Unreadable(unreadable) => &unreadable.path,
        }
    }
}

/// Nothing can be captured before it is there; a time ahead would hide what comes until then.
pub fn past(captured: Timestamp, session: &Session) -> Result<Timestamp, Error> {
    match captured > session.now {
        true => {
            Err(Error::usage(format!("--captured {captured} lies ahead; it is {}", session.now)))
        }
        false => Ok(captured),
    }
}

/// What is never a document.
pub fn own_files(session: &mut Session) -> Result<OwnFiles, Error> {
    let archive = session.location()?.folder;
    Ok(OwnFiles::of(&session.environment, Some(&archive)))
}

/// What is left out, and what things are called.
pub fn walk_options(session: &mut Session, args: &AddArgs) -> Result<Options, Error> {
    Ok(Options {
        naming: Naming { as_name: args.as_name.clone(), prefix: args.prefix.clone() },
        rules: CommandRules::new(&args.exclude, &args.exclude_from)?,
        git: args.gitignore,
        size_max: args.max_size,
        one_file_system: args.one_file_system,
        own: own_files(session)?,
    })
}

/// What the walk met, as it is added.
pub fn item(walked: WalkItem) -> IngestItem<ItemTag> {
    match walked {
        WalkItem::Found(found) => {
            let tag = ItemTag::Document(found.path.clone());
            IngestItem::Document(sources::intake(found), tag)
        }
        WalkItem::Skipped { path, reason } => IngestItem::Other(ItemTag::Skipped(path, reason)),
        WalkItem::Unreadable(unreadable) => IngestItem::Other(ItemTag::Unreadable(unreadable)),
    }
}
