//! Sites and their boilerplate: which documents show what the pages of a site have in common.

use std::collections::{BTreeMap, HashMap};

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

use super::Catalog;

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

/// The samples of sites that a batch adds documents to.
#[derive(Default)]
pub(super) struct Sampling {
    sites: HashMap<String, i64>,
    /// Content by rank, of each site that has a new document.
    samples: BTreeMap<i64, BTreeMap<i64, i64>>,
    changed: BTreeMap<i64, bool>,
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

    /// Takes the first content of a new document into the samples of its site and of the archive, if
    /// it is text and belongs there.
    pub(super) fn take(
        &mut self,
        transaction: &Connection,
        (site, content): (Option<i64>, i64),
        name: &[u8],
    ) -> Result<(), Error> {
        // The shift makes the numbers positive, and nothing else.
        let rank = (Digest::of(name).key().0 >> 1) as i64;
        self.take_into(transaction, EVERYWHERE, (rank, content))?;
        site.map_or(Ok(()), |site| self.take_into(transaction, site, (rank, content)))
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
        self.changed.insert(site, sample.len() >= SITE_SAMPLE_TEXTS_MIN);
        Ok(())
    }

    /// Writes the samples that changed.
    pub(super) fn write(&self, transaction: &Connection) -> Result<(), Error> {
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
            assert_eq!(catalog.sites_changed().unwrap(), [EVERYWHERE, 1]);
            sample(&catalog.db, 1).unwrap()
        };
        let first = sampled((0..200).collect());
        assert_eq!(first.len(), SITE_SAMPLE_TEXTS_MAX);
        assert_eq!(sampled((0..200).rev().collect()), first);
    }
}
