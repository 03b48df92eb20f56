//! Events and details have one spelling. A tab, which neither can hold, stands between the two.
#![no_main]

use docarchive::internals::journal::event::{Detail, Event};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (line, detail) = match bytes.iter().position(|byte| *byte == b'\t') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[][..]),
    };
    let Ok(event) = Event::parse(line) else { return };
    assert_eq!(event.line().as_deref(), Ok(line));
    if let Ok(parsed) = Detail::parse(&event, detail) {
        assert_eq!(parsed.bytes().as_deref(), Ok(detail));
    }
});
