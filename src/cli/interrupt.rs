//! Ctrl-C and SIGTERM: long work ends at the next commit.

use std::{
    process,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::exit::ExitCode;

static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);
static LISTENING: OnceLock<bool> = OnceLock::new();

/// Whether somebody asked to stop; from the first time this is asked, Ctrl-C no longer kills.
///
/// A second Ctrl-C ends the process at once; what was committed is safe.
pub fn is_interrupted() -> bool {
    LISTENING.get_or_init(|| {
        let count = || {
            if INTERRUPTS.fetch_add(1, Ordering::SeqCst) > 0 {
                process::exit(i32::from(ExitCode::Interrupted.number()));
            }
        };
        ctrlc::set_handler(count).is_ok()
    });
    INTERRUPTS.load(Ordering::SeqCst) > 0
}
