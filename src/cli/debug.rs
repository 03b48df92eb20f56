//! `ARCHIVE_DEBUG`: what the library thinks while it works, on stderr, for whoever looks for a reason.
//!
//! The library says it through the crate `tracing`, under the names in [`TOPICS`]. Without the variable
//! nobody listens, and what would be said is not even put together.

use std::ffi::OsStr;

use tracing_subscriber::{
    Layer, filter::Targets, fmt, fmt::format::FmtSpan, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::types::error::Error;

use super::print::messages::Messages;

/// The variable that turns topics on: `ARCHIVE_DEBUG=store,commit`, or `all`.
pub const VARIABLE: &str = "ARCHIVE_DEBUG";

/// What can be turned on: why a base was chosen, or a candidate for a near-duplicate dropped; how long
/// each step of a commit took; why the catalog was made anew.
pub const TOPICS: [&str; 4] = ["store", "similar", "commit", "catalog"];

/// Starts to print what is said of the topics that `value`, the variable's, names.
pub fn start(value: Option<&OsStr>) -> Result<(), Error> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(()) };
    let topics = topics(&value.to_string_lossy())?;
    let targets = topics.into_iter().map(|topic| (topic, tracing::Level::DEBUG));
    let lines = fmt::layer()
        .with_writer(Messages::default)
        .with_ansi(false)
        .with_level(false)
        .with_timer(())
        // The end of a span tells how long it took.
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(targets.collect::<Targets>());
    // Another that listens already, as in a test, goes on listening.
    let _ = tracing_subscriber::registry().with(lines).try_init();
    Ok(())
}

/// The topics named in a list with commas.
fn topics(list: &str) -> Result<Vec<&'static str>, Error> {
    let mut found = Vec::new();
    for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match TOPICS.iter().find(|topic| **topic == word) {
            Some(topic) => found.push(*topic),
            None if word == "all" => found.extend(TOPICS),
            None => {
                let known = TOPICS.join(", ");
                let why = format!("{VARIABLE} has no topic '{word}'; there are: {known}, all");
                return Err(Error::usage(why));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::topics;

    #[test]
    fn topics_are_a_list_with_commas() {
        assert_eq!(topics("store, commit,").unwrap(), ["store", "commit"]);
        assert_eq!(topics("all").unwrap(), ["store", "similar", "commit", "catalog"]);
        let error = topics("store,shop").unwrap_err().to_string();
        assert!(error.contains("no topic 'shop'; there are: store, similar"), "{error}");
    }
}
