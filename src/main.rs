//! The program `archive`: see `archive --help`.

fn main() {}
