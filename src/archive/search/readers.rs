//! Which programs of the user read the texts that are in the index: those that they would read otherwise today are told, and
//! stay as they are until all is made anew, since others may use the same archive and have no such programs.

use std::collections::BTreeMap;

use crate::{
    archive::Archive,
    catalog::{FullText, FullTextState},
    text::extract::Format,
    types::error::Error,
};

use super::SearchIndex;

/// Programs by the media types that they read, as an index notes them: a line each.
type Readers = BTreeMap<String, String>;

impl Archive {
    /// The media types of texts that came into the index as other programs read them than would today.
    pub fn read_otherwise(&self, index: &SearchIndex) -> Result<Vec<String>, Error> {
        self.otherwise(&index.full_text.state()?)
    }

    /// The same of the index that is kept, if there is one: what is compared was read when that was.
    pub fn kept_otherwise(&self) -> Result<Vec<String>, Error> {
        let files = self.full_text_files().ok().flatten().filter(|files| files.exists());
        let index = files.and_then(|files| FullText::open_existing(files.path()));
        let state = index.and_then(|index| index.state().ok());
        state.map_or(Ok(Vec::new()), |state| self.otherwise(&state))
    }

    fn otherwise(&self, state: &FullTextState) -> Result<Vec<String>, Error> {
        let (then, now) = (parsed(&state.readers), readers());
        self.kept_apart(&then, &now, state.last_content)
    }

    /// What an index notes that takes in what came after this state: other programs only of what it has nothing of yet.
    pub(super) fn readers_after(&self, state: &FullTextState) -> Result<String, Error> {
        let (then, mut readers) = (parsed(&state.readers), readers());
        for media_type in self.kept_apart(&then, &readers, state.last_content)? {
            match then.get(&media_type) {
                Some(reader) => readers.insert(media_type, reader.clone()),
                None => readers.remove(&media_type),
            };
        }
        Ok(readers.iter().map(|(media_type, reader)| format!("{media_type} {reader}\n")).collect())
    }

    /// The media types of which the readers differ and contents up to this one are.
    fn kept_apart(
        &self,
        then: &Readers,
        now: &Readers,
        last_content: i64,
    ) -> Result<Vec<String>, Error> {
        let mut differing = Vec::new();
        for media_type in then.keys().chain(now.keys().filter(|it| !then.contains_key(*it))) {
            if then.get(media_type) != now.get(media_type)
                && self.catalog.has_content_of(media_type, last_content)?
            {
                differing.push(media_type.clone());
            }
        }
        Ok(differing)
    }
}

/// The programs of today.
fn readers() -> Readers {
    let hooks = Format::hooked().filter_map(Format::hook);
    hooks.map(|hook| (hook.media_type.clone(), hook.code.clone())).collect()
}

fn parsed(noted: &str) -> Readers {
    let pair = |(media_type, reader): (&str, &str)| (media_type.to_owned(), reader.to_owned());
    noted.lines().filter_map(|line| line.split_once(' ')).map(pair).collect()
}
