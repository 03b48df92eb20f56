//! Which documents words mean: found by indexes, and the same that a look at every document finds.

use std::collections::HashSet;

use docarchive::internals::{
    archive::{Archive, pattern::Pattern, presence::AsOf},
    types::{digest::DocId, name::DocName, time::Timestamp},
};

/// A document, its name then and the event of its revision then.
type Listed = (DocId, Vec<u8>, u64);

/// Of a pattern, or of each document that it fits.
fn listed(archive: &Archive, pattern: &Pattern, as_of: AsOf) -> Vec<Listed> {
    let mut listed = Vec::new();
    let each = pattern.each(archive, as_of, |document, revision| {
        listed.push((document.id, document.name.as_bytes().to_vec(), revision.event));
        Ok(())
    });
    each.unwrap();
    listed
}

/// Compares what indexes and what a look at everything find, now, ever and at a time.
pub fn check(archive: &Archive, at: Timestamp) {
    let pattern = |words: &str| Pattern::of(Some(words.as_ref()), archive).unwrap();
    for as_of in [AsOf::Now, AsOf::Ever, AsOf::At(at)] {
        let all = listed(archive, &Pattern::Everything, as_of);
        for words in
            ["a.txt", "d/a.txt", "d", "d/d", "g/h", "2", "f", "none", "*", "**/*.txt", "d/*/*"]
        {
            let pattern = pattern(words);
            let wanted: Vec<Listed> = all
                .iter()
                .filter(|(id, name, _)| {
                    let name = DocName::new(&name[..]).unwrap();
                    pattern.fits_name(*id, &name)
                })
                .cloned()
                .collect();
            assert_eq!(listed(archive, &pattern, as_of), wanted, "{words}, {as_of:?}");
        }
        for step in 1..4 {
            let ids: HashSet<DocId> = all.iter().step_by(step).map(|it| it.0).collect();
            let among = Pattern::Everything.among(Some(&ids), archive).unwrap();
            let wanted: Vec<Listed> =
                all.iter().filter(|it| ids.contains(&it.0)).cloned().collect();
            assert_eq!(listed(archive, &among, as_of), wanted, "{as_of:?}");
        }
    }
    let mut wanted = Vec::new();
    let each = archive.each_document(AsOf::Ever, |document, latest| {
        let before = archive.revision_then(document, AsOf::At(at.just_before()))?;
        let latest = Some(latest.event).filter(|_| document.gone.is_none());
        if before.map(|it| it.event) != latest {
            wanted.push(document.id);
        }
        Ok(())
    });
    each.unwrap();
    let mut changed = Vec::new();
    let each = archive.changes_since(at, &Pattern::Everything, |change| {
        changed.push(change.document.id);
        Ok(())
    });
    each.unwrap();
    assert_eq!(changed, wanted, "changes since {at}");
}
