//! `archive add --track`: the walk is finished before anything is added, so that it is known what is missing.

use std::{fs, path::Path};

use crate::{
    archive::{
        Archive,
        ingest::{IngestItem, Tracking},
        presence::AsOf,
    },
    cli::{
        session::{Session, shown},
        walk::{Naming, Unreadable, Walk, WalkItem},
    },
    types::{error::Error, name::DocName},
};

use super::{
    add_args::AddArgs,
    add_items::{ItemTag, Items, item, walk_options},
};

/// All that the folders hold, and what is known of them by that.
pub(super) fn items(
    session: &mut Session,
    args: &AddArgs,
    archive: &Archive,
) -> Result<(Items, Tracking), Error> {
    let naming = Naming { as_name: args.as_name.clone(), prefix: args.prefix.clone() };
    let mut tracking = Tracking::default();
    let mut items = Vec::new();
    for root in &args.paths {
        let folder = folder(&naming, root)?;
        let before = tracking.found.len();
        let options = walk_options(session, args)?;
        for walked in Walk::new(std::iter::once(Ok(root.clone())), options) {
            note(&mut tracking, (&naming, root), &walked)?;
            items.push(item(walked));
        }
        let is_read = !items.iter().any(|item| is_trouble_at(item, root));
        if is_read && !args.allow_empty && tracking.found.len() == before {
            must_not_be_emptied(archive, root, folder.as_ref())?;
        }
        tracking.folders.push(folder);
    }
    Ok((Box::new(items.into_iter()), tracking))
}

/// The name of the folder, which must be one.
fn folder(naming: &Naming, root: &Path) -> Result<Option<DocName>, Error> {
    if fs::metadata(root).is_ok_and(|metadata| !metadata.is_dir()) {
        let root = shown(root);
        return Err(Error::usage(format!("{root} is no folder; --track is about folders")));
    }
    naming.folder(root).map_err(|why| Error::usage(format!("{}: {why}", shown(root))))
}

fn note(
    tracking: &mut Tracking,
    (naming, root): (&Naming, &Path),
    walked: &WalkItem,
) -> Result<(), Error> {
    let path = match walked {
        WalkItem::Found(found) => {
            tracking.found.insert(found.name.clone());
            return Ok(());
        }
        WalkItem::Skipped { path, .. } | WalkItem::Unreadable(Unreadable { path, .. }) => path,
    };
    match naming.name_at(root, path) {
        Some(name) => tracking.aside.push(name),
        // A rule file that cannot be read, or the folder itself: nothing is known of what lies in it.
        None => match naming.folder(root) {
            Ok(Some(folder)) => tracking.aside.push(folder),
            _ => {
                let (root, path) = (shown(root), shown(path));
                return Err(Error::usage(format!(
                    "{path} cannot be read; what is no longer in {root} is not known"
                )));
            }
        },
    }
    Ok(())
}

fn is_trouble_at(item: &IngestItem<ItemTag>, root: &Path) -> bool {
    match item {
        IngestItem::Other(ItemTag::Unreadable(it)) => it.path == root,
        IngestItem::Other(ItemTag::Skipped(path, _)) => path == root,
        _ => false,
    }
}

/// An empty folder is more often a disk that is not there than one whose files were all removed.
fn must_not_be_emptied(
    archive: &Archive,
    root: &Path,
    folder: Option<&DocName>,
) -> Result<(), Error> {
    if !archive.has_document_in(folder, AsOf::Now)? {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} is empty, and all its documents would be recorded as gone; if that is meant, add --allow-empty",
        shown(root)
    )))
}
