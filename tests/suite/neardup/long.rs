//! Texts that are stored in chunks: near-duplicates like any other.

use std::sync::Arc;

use docarchive::internals::{backend::memory::Memory, types::limits::BLOB_BYTES_MAX};

use super::{grouped, names, near_to, set, story};
use crate::common::{add, check, init};

/// A text that does not fit into one blob; most of it is space, which costs little.
fn long(text: &str) -> String {
    format!("{text}{}\nThe end.\n", " ".repeat(BLOB_BYTES_MAX))
}

#[test]
fn texts_in_chunks_are_found_by_others() {
    let memory = Memory::default();
    let mut archive = init(Arc::new(memory.clone()));
    let (text, other) = (story(1, 40), story(2, 40));
    let copy = format!("{}{text}", story(3, 20));
    add(&mut archive, 1, &[("a", long(&text).as_bytes()), ("other", other.as_bytes())]).unwrap();
    add(&mut archive, 2, &[("b", long(&copy).as_bytes()), ("c", text.as_bytes())]).unwrap();
    assert_eq!(grouped(&archive), [set(["a", "b", "c"])].into());
    assert_eq!(names(&near_to(&archive, &text)), set(["a", "b", "c"]));
    check(&archive, &(Arc::new(memory) as _));
}
