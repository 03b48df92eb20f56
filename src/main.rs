//! The program `archive`: see `archive --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    docarchive::internals::cli::main()
}
