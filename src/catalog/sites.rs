//! Sites and their boilerplate: which documents show what the pages of a site have in common.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    similarity::params::{
        FREQUENCY_GROWTH_DIVISOR, FREQUENCY_SAMPLE_TEXTS_MAX, FREQUENCY_SAMPLED_AT_ONCE,
        SITE_SAMPLE_TEXTS_MAX, SITE_SAMPLE_TEXTS_MIN,
    },
    types::{
        digest::{Digest, DocId},
        document::Revision,
        error::Error,
        name::DocName,
    },
};

use super::{Catalog, name_of};

/// Stands for a site whose documents are all there are: its sample shows what is common in the archive.
pub const EVERYWHERE: i64 = 0;

impl Catalog {
    /// The sites whose boilerplate must be made again.
    pub fn sites_changed(&self) -> Result<Vec<i64>, Error> {
        let mut query = self
            .db
            .prepare_cached("SELECT site FROM boilerplate WHERE data IS NULL ORDER BY site")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The revisions that show a site's boilerplate: the first ones of some of its documents, by
    /// the hash of the name, so that the order in which they came does not matter.
    pub fn sample(&self, site: i64) -> Result<Vec<Revision>, Error> {
        let mut query = self
            .db
            .prepare_cached("SELECT content FROM sampled WHERE site = ?1 ORDER BY content")?;
        let rows = query.query_map([site], |row| row.get(0))?;
        let mut contents = rows.collect::<Result<Vec<i64>, _>>()?;
        contents.dedup();
        let mut revisions = Vec::with_capacity(contents.len());
        for content in contents {
            revisions.extend(self.sketched_by(content)?);
        }
        Ok(revisions)
    }

    /// Keeps the boilerplate of a site.
    pub fn set_boilerplate(&self, site: i64, data: &[u8]) -> Result<(), Error> {
        let mut replace =
            self.db.prepare_cached("INSERT OR REPLACE INTO boilerplate VALUES (?1, ?2)")?;
        replace.execute(params![site, data])?;
        Ok(())
    }

    /// The boilerplate of a site, as kept; none when it has none, or that is not known yet.
    pub fn boilerplate(&self, site: i64) -> Result<Option<Vec<u8>>, Error> {
        let mut query = self.db.prepare_cached("SELECT data FROM boilerplate WHERE site = ?1")?;
        Ok(query.query_row([site], |row| row.get(0)).optional()?.flatten())
    }

    /// Whether the boilerplate of some site is kept in more than so many bytes.
    pub fn has_boilerplate_over(&self, n_bytes: usize) -> Result<bool, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT 1 FROM boilerplate WHERE length(data) > ?1 AND site > 0 LIMIT 1",
        )?;
        Ok(query.exists([n_bytes as i64])?)
    }

    /// The site of a document.
    pub fn site_of(&self, document: DocId) -> Result<Option<String>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT s.text FROM document d LEFT JOIN site s ON s.id = d.site WHERE d.doc = ?1",
        )?;
        Ok(query.query_row([document.0 as i64], |row| row.get(0))?)
    }

    /// The sites of the documents that have had a content, rising.
    pub fn sites_of(&self, content: i64) -> Result<Vec<i64>, Error> {
        let mut query = self.db.prepare_cached(
            "SELECT DISTINCT d.site FROM revision r JOIN document d ON d.id = r.document
             WHERE r.content = ?1 AND d.site IS NOT NULL ORDER BY d.site",
        )?;
        let rows = query.query_map([content], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Where a document belongs: the host of its source, else the top folder of its name.
fn site_of(source: Option<&str>, name: &DocName) -> Option<String> {
    let host = source.and_then(|source| source.split_once("://")).map(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        host.split(':').next().unwrap_or(host).to_lowercase()
    });
    let text = name.text();
    let folder = || text.split_once('/').map(|(folder, _)| folder.to_owned());
    host.filter(|host| !host.is_empty()).or_else(folder)
}

/// The samples of sites that a batch adds documents to.
#[derive(Default)]
pub(super) struct Sampling {
    sites: HashMap<String, i64>,
    /// Content by rank, of each site that has a new document.
    samples: BTreeMap<i64, BTreeMap<i64, i64>>,
    changed: BTreeMap<i64, bool>,
    n_new: u64,
    /// Documents whose first content became text, by their rows, ranks and contents.
    again: Vec<(u64, i64, i64)>,
}

/// How many of so many documents are sampled for what is common in the archive: the first ones, up to the
/// last step.
///
/// It depends on the number alone, so a catalog made anew has the same sample as one that grew.
fn n_sampled(n_documents: u64) -> u64 {
    let mut step = FREQUENCY_SAMPLED_AT_ONCE.min(n_documents);
    loop {
        let next = step + (step / FREQUENCY_GROWTH_DIVISOR).max(1);
        if step < FREQUENCY_SAMPLED_AT_ONCE || next > n_documents {
            return step;
        }
        step = next;
    }
}

/// What a name is sampled by. The shift makes the numbers positive, and nothing else.
fn rank(name: &[u8]) -> i64 {
    (Digest::of(name).key().0 >> 1) as i64
}

impl Sampling {
    /// The row of a new document's site.
    pub(super) fn site(
        &mut self,
        transaction: &Connection,
        source: Option<&str>,
        name: &DocName,
    ) -> Result<Option<i64>, Error> {
        let Some(text) = site_of(source, name) else { return Ok(None) };
        if let Some(site) = self.sites.get(&text) {
            return Ok(Some(*site));
        }
        let known = transaction
            .prepare_cached("SELECT id FROM site WHERE text = ?1")?
            .query_row([&text], |row| row.get(0))
            .optional()?;
        let site = match known {
            Some(site) => site,
            None => {
                transaction
                    .prepare_cached("INSERT INTO site (text) VALUES (?1)")?
                    .execute([&text])?;
                transaction.last_insert_rowid()
            }
        };
        self.sites.insert(text, site);
        Ok(Some(site))
    }

    /// Takes the first content of a new document into the sample of its site, if it is text and belongs
    /// there; into that of the archive it comes with the step that its number belongs to.
    pub(super) fn take(
        &mut self,
        transaction: &Connection,
        (site, content): (Option<i64>, i64),
        name: &[u8],
    ) -> Result<(), Error> {
        self.n_new += 1;
        site.map_or(Ok(()), |site| self.take_into(transaction, site, (rank(name), content)))
    }

    /// Does the same for a document that is known, and whose first content is another text than it was.
    pub(super) fn take_again(
        &mut self,
        transaction: &Connection,
        (document, site, content): (i64, Option<i64>, i64),
        name: &[u8],
    ) -> Result<(), Error> {
        self.again.push((document as u64, rank(name), content));
        site.map_or(Ok(()), |site| self.take_into(transaction, site, (rank(name), content)))
    }

    /// Takes those documents into the sample of the archive that the new ones bring the next step for.
    fn take_everywhere(&mut self, transaction: &Connection) -> Result<(), Error> {
        let n_documents: u64 = transaction
            .prepare_cached("SELECT ifnull(max(id), 0) FROM document")?
            .query_row([], |row| row.get::<_, i64>(0))? as u64;
        let before = n_sampled(n_documents.saturating_sub(self.n_new));
        let now = n_sampled(n_documents);
        for (document, rank, content) in std::mem::take(&mut self.again) {
            if document <= before {
                self.take_into(transaction, EVERYWHERE, (rank, content))?;
            }
        }
        let mut query = transaction.prepare_cached(
            "SELECT d.name, r.content FROM document d
             JOIN revision r ON r.document = d.id AND r.number = 1
             WHERE d.id > ?1 AND d.id <= ?2 ORDER BY d.id",
        )?;
        let mut rows = query.query(params![before as i64, now as i64])?;
        while let Some(row) = rows.next()? {
            let name = name_of(row.get(0)?)?;
            self.take_into(transaction, EVERYWHERE, (rank(name.as_bytes()), row.get(1)?))?;
        }
        Ok(())
    }

    fn take_into(
        &mut self,
        transaction: &Connection,
        site: i64,
        (rank, content): (i64, i64),
    ) -> Result<(), Error> {
        let sample = match self.samples.entry(site) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(sample(transaction, site)?)
            }
        };
        let n_max =
            if site == EVERYWHERE { FREQUENCY_SAMPLE_TEXTS_MAX } else { SITE_SAMPLE_TEXTS_MAX };
        let is_full = sample.len() >= n_max;
        if is_full && sample.last_key_value().is_some_and(|(last, _)| *last < rank) {
            return Ok(());
        }
        let is_text = transaction
            .prepare_cached("SELECT 1 FROM sketch WHERE content = ?1")?
            .exists([content])?;
        if !is_text {
            return Ok(());
        }
        sample.insert(rank, content);
        if sample.len() > n_max {
            sample.pop_last();
        }
        self.changed.insert(site, sample.len() >= SITE_SAMPLE_TEXTS_MIN);
        Ok(())
    }

    /// Writes the samples that changed.
    pub(super) fn write(mut self, transaction: &Connection) -> Result<(), Error> {
        self.take_everywhere(transaction)?;
        for (site, is_enough) in &self.changed {
            transaction.prepare_cached("DELETE FROM sampled WHERE site = ?1")?.execute([site])?;
            let mut insert =
                transaction.prepare_cached("INSERT INTO sampled VALUES (?1, ?2, ?3)")?;
            for (rank, content) in self.samples.get(site).into_iter().flatten() {
                insert.execute([site, rank, content])?;
            }
            if *is_enough {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO boilerplate VALUES (?1, NULL)")?
                    .execute([site])?;
            }
        }
        Ok(())
    }
}

fn sample(transaction: &Connection, site: i64) -> Result<BTreeMap<i64, i64>, Error> {
    let mut query =
        transaction.prepare_cached("SELECT rank, content FROM sampled WHERE site = ?1")?;
    let rows = query.query_map([site], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_host_or_else_a_folder() {
        let name = DocName::new("wire/1987/a.txt").unwrap();
        for (source, site) in [
            (Some("https://News.example:8080/a?b"), "news.example"),
            (Some("http://me@example.org"), "example.org"),
            (Some("https://[x"), "[x"),
            (Some("a letter from home"), "wire"),
            (Some("file:///tmp/x"), "wire"),
            (None, "wire"),
        ] {
            assert_eq!(site_of(source, &name).as_deref(), Some(site), "{source:?}");
        }
        assert_eq!(site_of(None, &DocName::new("a.txt").unwrap()), None);
    }

    #[test]
    fn what_is_common_is_counted_anew_when_there_are_more_by_a_quarter() {
        for (n_documents, n) in [
            (0, 0),
            (1, 1),
            (63, 63),
            (64, 64),
            (79, 64),
            (80, 80),
            (99, 80),
            (100, 100),
            (124, 100),
        ] {
            assert_eq!(n_sampled(n_documents), n, "{n_documents}");
        }
        let mut n_steps = 0;
        for n_documents in 1..10_000 {
            let n = n_sampled(n_documents);
            assert!(n <= n_documents && n_documents < n + (n / 4).max(1), "{n_documents}");
            n_steps += u64::from(n_documents > 64 && n == n_documents);
        }
        assert_eq!(n_steps, 22);
    }

    #[test]
    fn a_sample_is_the_same_in_any_order() {
        let names: Vec<DocName> =
            (0..200).map(|n| DocName::new(format!("wire/{n}.txt")).unwrap()).collect();
        let sampled = |order: Vec<usize>| {
            let catalog = Catalog::in_memory().unwrap();
            let insert =
                "WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 199)
                 INSERT INTO sketch SELECT x, 0, x'' FROM n";
            catalog.db.execute(insert, []).unwrap();
            for half in order.chunks(100) {
                let mut sampling = Sampling::default();
                for n in half {
                    let site = sampling.site(&catalog.db, None, &names[*n]).unwrap().unwrap();
                    sampling
                        .take(&catalog.db, (Some(site), *n as i64), names[*n].as_bytes())
                        .unwrap();
                }
                sampling.write(&catalog.db).unwrap();
            }
            assert_eq!(catalog.sites_changed().unwrap(), [1]);
            sample(&catalog.db, 1).unwrap()
        };
        let first = sampled((0..200).collect());
        assert_eq!(first.len(), SITE_SAMPLE_TEXTS_MAX);
        assert_eq!(sampled((0..200).rev().collect()), first);
    }
}
