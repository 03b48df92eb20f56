//! Sites and their boilerplate: which documents show what the pages of a site have in common.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    similarity::params::{
        FREQUENCY_SAMPLE_TEXTS_MAX, SITE_SAMPLE_TEXTS_MAX, SITE_SAMPLE_TEXTS_MIN,
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
            revisions.extend(self.first_with(content)?);
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
pub(super) fn site_of(source: Option<&str>, name: &DocName) -> Option<String> {
    let host = source.and_then(|source| source.split_once("://")).map(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        host.split(':').next().unwrap_or(host).to_lowercase()
    });
    let text = name.text();
    let folder = || text.split_once('/').map(|(folder, _)| folder.to_owned());
    host.filter(|host| !host.is_empty()).or_else(folder)
}

/// How many of so many documents, the first ones, show what is common in the archive: it is learnt again whenever
/// they have become more by a sixteenth to an eighth, for it takes reading all of the sample, and one more document
/// changes little.
fn n_learnt_from(n_documents: i64) -> i64 {
    let n_bits = n_documents.max(1).ilog2().saturating_sub(3);
    n_documents >> n_bits << n_bits
}

/// A sample: first contents of documents that are texts, by rank.
type FirstTexts = BTreeMap<i64, i64>;

/// The samples of sites that a batch adds documents to.
#[derive(Default)]
pub(super) struct Sampling {
    sites: HashMap<String, i64>,
    /// Of each site that has a new document.
    samples: BTreeMap<i64, FirstTexts>,
    changed: BTreeSet<i64>,
    /// Rank and first content of each new document, in the order of their rows.
    new: Vec<(i64, i64)>,
    /// Rows of documents whose first content became another text.
    again: Vec<i64>,
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

    /// Takes the first content of a new document into the sample of its site, if it is text and belongs there.
    pub(super) fn take_new(
        &mut self,
        transaction: &Connection,
        (site, content): (Option<i64>, i64),
        name: &[u8],
    ) -> Result<(), Error> {
        let first = (rank(name), content);
        self.new.push(first);
        site.map_or(Ok(()), |site| self.take(transaction, site, first))
    }

    /// Takes the first content of a document that was there, and became another text.
    pub(super) fn take_again(
        &mut self,
        transaction: &Connection,
        document: i64,
        (site, content): (Option<i64>, i64),
        name: &[u8],
    ) -> Result<(), Error> {
        self.again.push(document);
        site.map_or(Ok(()), |site| self.take(transaction, site, (rank(name), content)))
    }

    fn take(
        &mut self,
        transaction: &Connection,
        site: i64,
        (rank, content): (i64, i64),
    ) -> Result<(), Error> {
        let sample = match self.samples.entry(site) {
            btree_map::Entry::Occupied(entry) => entry.into_mut(),
            btree_map::Entry::Vacant(entry) => entry.insert(sample(transaction, site)?),
        };
        let n_max =
            if site == EVERYWHERE { FREQUENCY_SAMPLE_TEXTS_MAX } else { SITE_SAMPLE_TEXTS_MAX };
        let is_full = sample.len() >= n_max;
        if is_full && sample.last_key_value().is_some_and(|(last, _)| *last <= rank) {
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
        self.changed.insert(site);
        Ok(())
    }

    /// Takes into the archive's sample what has come to belong there.
    fn take_everywhere(&mut self, transaction: &Connection) -> Result<(), Error> {
        let n_documents: i64 = transaction
            .prepare_cached("SELECT ifnull(max(id), 0) FROM document")?
            .query_row([], |row| row.get(0))?;
        let n_before = n_documents - self.new.len() as i64;
        let (from, to) = (n_learnt_from(n_before), n_learnt_from(n_documents));
        let again = std::mem::take(&mut self.again);
        let again = again.into_iter().filter(|document| *document <= from);
        let mut came = Vec::new();
        for document in again.chain(from + 1..=to.min(n_before)) {
            came.extend(first_content(transaction, document)?);
        }
        let n_new = (to - n_before).max(0) as usize;
        came.extend(std::mem::take(&mut self.new).into_iter().take(n_new));
        came.into_iter().try_for_each(|first| self.take(transaction, EVERYWHERE, first))
    }

    /// Writes the samples that changed.
    pub(super) fn write(mut self, transaction: &Connection) -> Result<(), Error> {
        self.take_everywhere(transaction)?;
        for site in &self.changed {
            let Some(sample) = self.samples.get(site) else { continue };
            transaction.prepare_cached("DELETE FROM sampled WHERE site = ?1")?.execute([site])?;
            let mut insert =
                transaction.prepare_cached("INSERT INTO sampled VALUES (?1, ?2, ?3)")?;
            for (rank, content) in sample {
                insert.execute([site, rank, content])?;
            }
            if sample.len() >= SITE_SAMPLE_TEXTS_MIN {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO boilerplate VALUES (?1, NULL)")?
                    .execute([site])?;
            }
        }
        Ok(())
    }
}

/// A document's place among those from which samples are taken, by the hash of its first name.
fn rank(name: &[u8]) -> i64 {
    // The shift makes the numbers positive, and nothing else.
    (Digest::of(name).key().0 >> 1) as i64
}

/// Rank and first content of a document.
fn first_content(transaction: &Connection, document: i64) -> Result<Option<(i64, i64)>, Error> {
    let mut query = transaction.prepare_cached(
        "SELECT ifnull(
           (SELECT before FROM document_event
            WHERE document = d.id AND change = 'rename' ORDER BY event LIMIT 1), d.name), r.content
         FROM document d JOIN revision r ON r.document = d.id AND r.number = 1 WHERE d.id = ?1",
    )?;
    let mut rows = query.query([document])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((rank(name_of(row.get(0)?)?.as_bytes()), row.get(1)?)))
}

fn sample(transaction: &Connection, site: i64) -> Result<FirstTexts, Error> {
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
                        .take_new(&catalog.db, (Some(site), *n as i64), names[*n].as_bytes())
                        .unwrap();
                }
                sampling.write(&catalog.db).unwrap();
            }
            assert_eq!(catalog.sites_changed().unwrap(), [EVERYWHERE, 1]);
            sample(&catalog.db, 1).unwrap()
        };
        let first = sampled((0..200).collect());
        assert_eq!(first.len(), SITE_SAMPLE_TEXTS_MAX);
        assert_eq!(sampled((0..200).rev().collect()), first);
    }

    #[test]
    fn what_is_common_is_learnt_again_when_an_eighth_has_come() {
        let learnt: Vec<i64> = (0..=20).map(n_learnt_from).collect();
        assert_eq!(learnt[..16], (0..16).collect::<Vec<_>>());
        assert_eq!(learnt[16..], [16, 16, 18, 18, 20]);
        for n in 1..100_000 {
            let (learnt, next) = (n_learnt_from(n), n_learnt_from(n + 1));
            assert!(learnt <= n && n - learnt <= n / 8);
            assert!(next == learnt || next == n + 1);
        }
    }

    #[test]
    fn the_sample_of_all_is_the_same_however_documents_come() {
        let sampled = |sizes: &[usize]| {
            let catalog = Catalog::in_memory().unwrap();
            let db = &catalog.db;
            let mut n = 0;
            for size in sizes {
                let mut sampling = Sampling::default();
                for _ in 0..*size {
                    n += 1;
                    let name = format!("{n}.txt");
                    sampling.take_new(db, (None, n), name.as_bytes()).unwrap();
                    // Each third is no text.
                    if n % 3 != 0 {
                        db.execute("INSERT INTO sketch VALUES (?1, 0, x'')", [n]).unwrap();
                    }
                    db.execute(
                        "INSERT INTO document (doc, name, tail, latest, revisions, last)
                         VALUES (?1, ?2, 0, ?1, 1, ?1)",
                        params![n, name],
                    )
                    .unwrap();
                    db.execute(
                        "INSERT INTO revision (event, document, number, content, at, at_ns, type)
                         VALUES (?1, ?1, 1, ?1, 0, 0, 1)",
                        [n],
                    )
                    .unwrap();
                }
                sampling.write(db).unwrap();
            }
            sample(db, EVERYWHERE).unwrap()
        };
        let all = sampled(&[3000]);
        assert_eq!(all.len(), FREQUENCY_SAMPLE_TEXTS_MAX);
        // Of 3,000 the first 2,816 show what is common.
        assert!(all.values().all(|n| *n <= 2816) && all.values().any(|n| *n > 2700));
        assert_eq!(sampled(&[1000, 1000, 1000]), all);
        assert_eq!(sampled(&[[7; 400].as_slice(), &[200]].concat()), all);
        assert_eq!(sampled(&[1; 3000]), all);
    }
}
