//! Adds the files of a folder to an archive, and prints what changed since the last time.
//!
//! `cargo run --example add_folder -- FOLDER ARCHIVE`

use std::{env, error::Error, fs::File, path::Path, time::SystemTime};

use docarchive::{
    Archive, DocName, IngestEvent, IngestItem, IngestOptions, Intake, Outcome, Signer, WriteContext,
};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [folder, archive] = &args[..] else {
        return Err("usage: add_folder FOLDER ARCHIVE".into());
    };
    // The key of an example. A real one is random, secret, and kept outside the archive.
    let signer = Signer::from_seed("example.org/add-folder", &[7; 32])?;
    let mut archive = Archive::in_folder(Path::new(archive), &signer)?;

    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let context = WriteContext::new(now, seed, "add_folder");

    let files = ignore::WalkBuilder::new(folder).sort_by_file_path(Path::cmp).build();
    let items = files.flatten().filter(|entry| entry.path().is_file()).filter_map(|entry| {
        let path = entry.into_path();
        let name = DocName::of_path(path.as_os_str().as_encoded_bytes()).ok()?;
        Some(IngestItem::Document(Intake::new(name, move || File::open(&path)), ()))
    });
    let options = IngestOptions::default();
    let summary = archive.ingest(&signer, context, "add_folder", items, &options, |event| {
        let IngestEvent::Document { name, outcome, .. } = event else { return Ok(()) };
        match outcome {
            Outcome::New(_) => println!("new: {}", name.text()),
            Outcome::Revised(revision) => println!("revision {}: {}", revision.number, name.text()),
            Outcome::Unreadable(error) => println!("not read, {error}: {}", name.text()),
            Outcome::Healed => println!("stored once more: {}", name.text()),
            Outcome::Seen(_) => println!("seen again: {}", name.text()),
            Outcome::Renamed(from) => println!("{} is {} now", from.name.text(), name.text()),
            Outcome::Unchanged => {}
        }
        Ok(())
    })?;
    println!("{} unchanged", summary.n_unchanged);
    Ok(())
}
