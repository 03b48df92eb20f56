//! What the library says while it works: warnings to everybody, and with `ARCHIVE_DEBUG` what it thinks,
//! to whoever looks for a reason.
//!
//! The library says it through the crate `tracing`, under the names in [`TOPICS`]. Without the variable
//! nobody listens to more than warnings, and what would be said is not even put together.

use std::ffi::OsStr;

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, filter::Targets, fmt, fmt::format::FmtSpan, layer::Context, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::types::error::Error;

use super::print::messages::Messages;

/// The variable that turns topics on: `ARCHIVE_DEBUG=store,commit`, or `all`.
pub const VARIABLE: &str = "ARCHIVE_DEBUG";

/// What can be turned on: why a base was chosen, or a candidate for a near-duplicate dropped; how long
/// each step of a commit took; why the catalog was made anew.
pub const TOPICS: [&str; 4] = ["store", "similar", "commit", "catalog"];

/// Hands on what the library warns of.
struct Warnings<F>(F);

/// Takes the sentence out of an event.
#[derive(Default)]
struct Message(String);

impl<S: Subscriber, F: Fn(&str) + 'static> Layer<S> for Warnings<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        (self.0)(&message.0);
    }
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            // The arguments of a format string, which have one form only.
            self.0 = format!("{value:?}");
        }
    }
}

/// Starts to hand what the library warns of to `warn`, and to print what is said of the topics that
/// `value`, the variable's, names.
pub fn start(
    value: Option<&OsStr>,
    warn: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(), Error> {
    let topics = topics(&value.unwrap_or_default().to_string_lossy())?;
    let warned_of = TOPICS.into_iter().map(|topic| (topic, Level::WARN));
    let warnings = Warnings(warn).with_filter(warned_of.collect::<Targets>());
    if topics.is_empty() {
        let _ = tracing_subscriber::registry().with(warnings).try_init();
        return Ok(());
    }
    let targets = topics.into_iter().map(|topic| (topic, Level::DEBUG));
    let lines = fmt::layer()
        .with_writer(Messages::default)
        .with_ansi(false)
        .with_level(false)
        .with_timer(())
        // The end of a span tells how long it took.
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(targets.collect::<Targets>());
    // Another that listens already, as in a test, goes on listening.
    let _ = tracing_subscriber::registry().with(warnings).with(lines).try_init();
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
