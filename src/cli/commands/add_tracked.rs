//! `archive add --track`: the walk is finished before anything is added, so that it is known what is missing.

use std::{collections::HashSet, fs, path::Path, rc::Rc};

use crate::{
    archive::{
        Archive,
        ingest::{Provenance, Tracking},
    },
    cli::{
        print::terminal::counted,
        session::{Session, shown},
        unpack::{ContainerUnpacker, MemberItem},
        walk::{FoundFile, Naming, Unreadable, Walk, WalkItem, each_once, plain},
    },
    types::{error::Error, name::DocName},
};

use super::{
    add_args::AddArgs,
    add_items::{Items, items_of, unpacker, walk_options},
};

/// All that the folders hold, and what is known of them by that.
pub(super) fn items(
    session: &mut Session,
    args: &AddArgs,
    archive: &Archive,
    common: &Provenance,
) -> Result<(Items, Tracking), Error> {
    let unpacker = unpacker(session, args, common);
    let naming = Naming { as_name: args.as_name.clone(), prefix: args.prefix.clone() };
    let mut tracking = Tracking::default();
    let (mut walked, mut paths) = (Vec::new(), HashSet::new());
    for root in &each_once(&args.paths) {
        let folder = folder(&naming, root)?;
        let options = walk_options(session, args)?;
        let met: Vec<WalkItem> = Walk::new(std::iter::once(Ok(root.clone())), options).collect();
        for met in &met {
            note(&mut tracking, (&naming, root), met)?;
            if let WalkItem::Found(found) = met {
                note_members(&mut tracking, (&unpacker, folder.as_ref()), found)?;
            }
        }
        let is_read = !met.iter().any(|met| is_trouble_at(met, root));
        // What a folder named before holds, too, was found there.
        let has_found = met.iter().any(|met| matches!(met, WalkItem::Found(_)));
        if is_read && !args.allow_empty && !has_found {
            let is_empty = met.is_empty();
            must_not_be_emptied(archive, (root, is_empty), folder.as_ref(), &tracking.aside)?;
        }
        // One folder may lie in another.
        walked.extend(met.into_iter().filter(|met| paths.insert(plain(path_of(met)))));
        tracking.folders.push(folder);
    }
    let items = walked.into_iter().flat_map(move |met| items_of(met, &unpacker, None));
    Ok((Box::new(items), tracking))
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

/// What is in a container is where the container is, also if it is not unpacked this time.
fn note_members(
    tracking: &mut Tracking,
    (unpacker, folder): (&Rc<ContainerUnpacker>, Option<&DocName>),
    found: &FoundFile,
) -> Result<(), Error> {
    let Some(opened) = unpacker.look(found) else { return Ok(()) };
    let (kind, is_wanted) = (opened.kind, opened.kind.is_wanted(unpacker.mode));
    if !is_wanted && !kind.is_web() {
        tracking.aside.push(found.name.clone());
        return Ok(());
    }
    // Documents of the web lie in no folder, unless all have one.
    let is_of_all = match folder {
        None => true,
        Some(folder) => unpacker.prefix.as_ref().is_some_and(|prefix| prefix.is_under(folder)),
    };
    if kind.is_web() && !is_of_all {
        return Ok(());
    }
    for member in unpacker.members(found, opened, None) {
        match member {
            MemberItem::Document(intake) => drop(tracking.found.insert(intake.name)),
            MemberItem::Again(again) => drop(tracking.found.insert(again.name)),
            MemberItem::Refused(_) if kind.is_web() => {
                return Err(Error::usage(format!(
                    "not all of {} can be read; what is no longer there is not known",
                    shown(&found.path)
                )));
            }
            MemberItem::Refused(_) | MemberItem::TooLarge(_) | MemberItem::Key(_) => {
                tracking.aside.push(found.name.clone());
            }
            MemberItem::Doubtful(_) | MemberItem::Unpacked { .. } => {}
        }
    }
    Ok(())
}

fn path_of(met: &WalkItem) -> &Path {
    match met {
        WalkItem::Found(found) => &found.path,
        WalkItem::Skipped { path, .. } | WalkItem::Unreadable(Unreadable { path, .. }) => path,
    }
}

fn is_trouble_at(met: &WalkItem, root: &Path) -> bool {
    match met {
        WalkItem::Found(_) => false,
        _ => path_of(met) == root,
    }
}

/// An empty folder is more often a disk that is not there than one whose files were all removed. What a rule leaves out
/// is there, and is not judged as gone.
fn must_not_be_emptied(
    archive: &Archive,
    (root, is_empty): (&Path, bool),
    folder: Option<&DocName>,
    aside: &[DocName],
) -> Result<(), Error> {
    let n_gone = archive.n_gone_if_emptied(folder, aside)?;
    if n_gone == 0 {
        return Ok(());
    }
    let root = shown(root);
    Err(Error::usage(match is_empty {
        true => format!(
            "{root} is empty, and all its documents would be recorded as gone; if that is meant, add --allow-empty"
        ),
        false => format!(
            "all that is in {root} is left out or cannot be read, and {} that {} not there would be recorded as gone; if that is \
             meant, add --allow-empty",
            counted(n_gone, "document", "documents"),
            if n_gone == 1 { "is" } else { "are" }
        ),
    }))
}
