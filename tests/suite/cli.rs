//! One transcript for each verb: the words that people read and the codes that scripts branch on.

use std::fs;

use crate::transcript;

/// Plays the named transcripts, and holds that their file exists.
macro_rules! transcripts {
    ($($verb:ident)*) => {
        const VERBS: &[&str] = &[$(stringify!($verb)),*];
        $(
            #[test]
            fn $verb() {
                let file = transcript::file(concat!("tests/cli/", stringify!($verb), ".md"));
                let differences = transcript::differences(&file);
                assert!(differences.is_empty(), "found instead:\n{}", differences.join("\n"));
            }
        )*
    };
}

transcripts! { init add ls log show note rename cat diff blame search similar dups audit prove verify_proof export copy key anchor adopt withdraw compact rebuild stats demo completions man }

#[test]
fn every_verb_has_its_transcript_and_every_transcript_is_played() {
    let names = fs::read_dir(transcript::file("tests/cli")).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut verbs: Vec<String> = VERBS.iter().map(|verb| format!("{verb}.md")).collect();
    names.sort();
    verbs.sort();
    assert_eq!(names, verbs);
}
