//! Ctrl-C, SIGTERM and a terminal that closes.
//!
//! A signal ends the program at once, wherever it is: what an archive needs is written so that it may end
//! anywhere. A verb that leaves something behind then, such as a half-written file, or that can bring in what
//! it has so far, asks [`is_interrupted`] now and then; from the first time on it ends itself.

use std::{
    process,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::{exit::ExitCode, print::messages::Messages};

static N_SIGNALS: AtomicUsize = AtomicUsize::new(0);
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// From now on signals end the program with the exit code for it, and these lines.
pub fn listen(last_lines: String) {
    let end = move || {
        let is_first = N_SIGNALS.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first && IS_ASKED.load(Ordering::SeqCst) {
            return;
        }
        Messages::text(&last_lines);
        process::exit(i32::from(ExitCode::Interrupted.number()));
    };
    // Where no thread can be had for it, signals do what they do by themselves: they end it, too.
    let _ = ctrlc::set_handler(end);
}

/// Whether somebody asked to stop and the program was left to end itself.
pub fn has_signal() -> bool {
    N_SIGNALS.load(Ordering::SeqCst) > 0
}

/// Whether somebody asked to stop. From the first time this is asked, the first signal no longer ends the
/// program; a second one does.
pub fn is_interrupted() -> bool {
    IS_ASKED.store(true, Ordering::SeqCst);
    N_SIGNALS.load(Ordering::SeqCst) > 0
}
