//! What a copy has already, compared with the archive: what is lost in the one is put anew from the other, and an archive
//! that lost some of it itself is no source of copies.
//!
//! Names and sizes are compared each time; the bytes, where there is something new to copy, so that what is damaged here does
//! not go unnoticed while the copy grows. Packs are compared by name and size alone: reading them is an audit's work.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    backend::Backend,
    journal::{Examined, Journal},
    types::{error::Error, limits},
};

use super::copy::CopyRun;

/// Objects of the log and details by name: of which commit, and their bytes.
type Objects = BTreeMap<String, (u64, u64)>;

impl CopyRun<'_> {
    /// The objects of commits that the copy has which are damaged or missing there, with their right bytes.
    ///
    /// `Damaged` where one of the archive is: what the copy has of it is then the last that there is.
    pub(super) fn compare_earlier(&self, known: &Journal) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let last = known.number();
        let ours = objects(&*self.from.home.backend, last)?;
        let theirs = objects(self.to, last).map_err(|error| self.there(error))?;
        self.expect_all_details(&ours, last)?;
        let is_thorough = last < self.from.journal.number();
        let mut suspects = BTreeMap::new();
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for name in names {
            let number = match (ours.get(name), theirs.get(name)) {
                (Some(here), Some(there)) if here == there => {
                    if !is_thorough || self.is_same(name)? {
                        continue;
                    }
                    here.0
                }
                (Some((number, _)), _) | (None, Some((number, _))) => *number,
                (None, None) => continue,
            };
            suspects.insert(name, number);
        }
        let mut put_anew = Vec::new();
        for (name, number) in suspects {
            let is_details = *name != Journal::commit_object(number);
            if is_details && self.from.journal.details_object(number)?.as_ref() != Some(name) {
                // Of a commit that another writer overtook.
                continue;
            }
            if !ours.contains_key(name) {
                return Err(Error::missing(name));
            }
            self.verify_commit(number)?;
            // What was withdrawn since is erased there when the commit that says so is in.
            if is_details && theirs.contains_key(name) && self.is_sound_there(known, number)? {
                continue;
            }
            let bytes = match self.erased_object(number, name)? {
                Some(erased) => erased,
                None => self.read(name)?,
            };
            put_anew.push((name.clone(), bytes));
        }
        Ok(put_anew)
    }

    /// That a commit is right here, before the copy's is replaced by it.
    pub(super) fn verify_commit(&self, number: u64) -> Result<(), Error> {
        // The first one has no events.
        let Some(before) = number.checked_sub(1) else {
            return self.from.journal.commit_bounds(number).map(drop);
        };
        self.verify_commits(number..=number, &self.from.journal.commit_bounds(before)?.1)
    }

    /// That every commit has its details here. Where some of another commit have the same number, its own are missed
    /// only where the copy has them.
    fn expect_all_details(&self, ours: &Objects, last: u64) -> Result<(), Error> {
        let is_details = |name: &str| name.starts_with("details/");
        let there = ours.iter().filter(|(name, _)| is_details(name));
        let there: BTreeSet<u64> = there.map(|(_, (number, _))| *number).collect();
        match (1..=last).find(|number| !there.contains(number)) {
            None => Ok(()),
            Some(number) => {
                let name = self.from.journal.details_object(number)?;
                Err(Error::missing(name.unwrap_or_default()))
            }
        }
    }

    /// Whether an object has the same bytes here and there. What cannot be read has not.
    fn is_same(&self, name: &str) -> Result<bool, Error> {
        let ours = self.read(name)?;
        match self.to.read(name, limits::COMMIT_OBJECT_BYTES_MAX) {
            Err(Error::Damaged { .. }) => Ok(false),
            theirs => Ok(theirs?.is_some_and(|theirs| theirs == ours)),
        }
    }

    /// Whether a commit of the copy is right, with its details.
    fn is_sound_there(&self, known: &Journal, number: u64) -> Result<bool, Error> {
        let (events, _) = self.from.journal.commit_bounds(number)?;
        for bundle in known.examine(events) {
            let is_right = |found: &Examined| match &found.problem {
                Some(problem) => self.is_right(found.index, problem),
                None => true,
            };
            if !bundle?.iter().all(is_right) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The objects of all commits up to one.
fn objects(backend: &dyn Backend, last: u64) -> Result<Objects, Error> {
    let mut objects = Objects::new();
    for object in [backend.list("log")?, backend.list("details")?].into_iter().flatten() {
        if let Some(number) = Journal::number_of(&object.name).filter(|number| *number <= last) {
            objects.insert(object.name, (number, object.bytes));
        }
    }
    Ok(objects)
}
