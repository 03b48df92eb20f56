//! The tables of `schema.sql`: what each serves, and which facts must be readable to say what belongs in it.

/// One table.
#[derive(Debug)]
pub struct Table {
    /// Its name in the schema.
    pub name: &'static str,
    /// What its rows are for.
    pub serves: Serves,
    /// The facts that its rows follow from, beside the directories of packs.
    pub needs: &'static [Need],
    /// Whether its rows are blocks of an index, which begin wherever they came to begin.
    pub is_index: bool,
    /// Its index of some rows alone, and which these are.
    pub partial: Option<(&'static str, &'static str)>,
}

/// What rows are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Answers are read from them.
    Answers,
    /// Candidates are found by them, and judged by what is read elsewhere.
    Finding,
}

/// A kind of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Every event.
    Events,
    /// What people wrote about them.
    Details,
    /// The chunk lists of large contents.
    Lists,
    /// The bytes of every content.
    Contents,
}

use Need::{Contents, Details, Events, Lists};
use Serves::{Answers, Finding};

/// All of them.
pub static TABLES: [Table; 19] = [
    // How many revisions there are.
    rows("meta", Answers, &[Events]),
    rows("pack", Answers, &[]),
    rows("place", Answers, &[]),
    rows("phrase", Answers, &[Events, Details]),
    rows("content", Answers, &[Events]),
    rows("chunk", Answers, &[Events, Lists]),
    rows("document", Answers, &[Events, Details]),
    rows("revision", Answers, &[Events, Details]),
    rows("document_event", Answers, &[Events, Details]),
    rows("tag", Answers, &[Events, Details]),
    rows("event", Answers, &[Events, Details]),
    // Its reason is a phrase, and those are numbered as they come up in details.
    rows("withdrawal", Answers, &[Events, Details]),
    rows("tile", Answers, &[Events]),
    rows("site", Answers, &[Events, Details]),
    Table {
        partial: Some(("sketch_posted", "posted = 1")),
        ..rows("sketch", Finding, &[Events, Contents])
    },
    rows("sampled", Finding, &[Events, Details, Contents]),
    rows("boilerplate", Finding, &[Events, Details, Contents]),
    index("posting", &[Events, Contents]),
    index("feature", &[Events, Lists, Contents]),
];

const fn rows(name: &'static str, serves: Serves, needs: &'static [Need]) -> Table {
    Table { name, serves, needs, is_index: false, partial: None }
}

const fn index(name: &'static str, needs: &'static [Need]) -> Table {
    Table { is_index: true, ..rows(name, Finding, needs) }
}
