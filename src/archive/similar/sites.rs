//! Sites: what the pages of each have in common, learnt from samples and kept at hand.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use crate::{
    archive::operand::read_as,
    catalog::{Catalog, EVERYWHERE},
    similarity::{
        boilerplate::Boilerplate,
        frequency::Frequencies,
        params::{BOILERPLATE_CACHE_BYTES_MAX, SAMPLED_TEXT_BYTES_MAX},
        sketch::Sketch,
        words::text_of,
    },
    store::{Reader, SMALL_BYTES_MAX, Sealed},
    text::Scope,
    types::{digest::Digest, document::Revision, error::Error},
};

/// Small contents that show what is common in the archive: the next commit of a run asks for nearly all of them again.
#[derive(Default)]
pub struct SampleCache(RefCell<SmallContents>);

type SmallContents = HashMap<Digest, Arc<Vec<u8>>>;

/// Makes the boilerplate again of the sites whose samples changed, and what is common in the archive.
pub fn refresh(
    catalog: &Catalog,
    reader: &Reader<Sealed>,
    cache: &SampleCache,
) -> Result<(), Error> {
    for site in catalog.sites_changed()? {
        let sample = catalog.sample(site)?;
        let small = cache.small(reader, &sample);
        learn(catalog, site, &sample, |revision| match small.get(&revision.digest) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => reader.content_bytes(&revision.digest, revision.n_bytes).map(Cow::Owned),
        })?;
        if site == EVERYWHERE {
            cache.0.replace(small);
        }
    }
    Ok(())
}

/// The same with what else can read a content.
pub fn refresh_by(
    catalog: &Catalog,
    mut read: impl FnMut(&Revision) -> Result<Vec<u8>, Error>,
) -> Result<(), Error> {
    for site in catalog.sites_changed()? {
        let sample = catalog.sample(site)?;
        learn(catalog, site, &sample, |revision| read(revision).map(Cow::Owned))?;
    }
    Ok(())
}

fn learn<'b>(
    catalog: &Catalog,
    site: i64,
    sample: &[Revision],
    mut read: impl FnMut(&Revision) -> Result<Cow<'b, [u8]>, Error>,
) -> Result<(), Error> {
    let mut texts = Vec::new();
    for revision in sample.iter().filter(|it| it.n_bytes <= SAMPLED_TEXT_BYTES_MAX) {
        // What cannot be read has nothing to show; that it is damaged is for the audit to say.
        if let Ok(bytes) = read(revision) {
            let text = text_of(&bytes, read_as(revision, Scope::Page));
            texts.extend(text.map(Cow::into_owned));
        }
    }
    let data = match site {
        EVERYWHERE => Frequencies::of(texts.iter().map(String::as_str)).encode(),
        _ => Boilerplate::of(&texts).encode(),
    };
    catalog.set_boilerplate(site, &data)
}

impl SampleCache {
    /// The small ones of these contents.
    fn small(&self, reader: &Reader<Sealed>, sample: &[Revision]) -> SmallContents {
        let known = self.0.borrow();
        let (mut found, mut missing) = (SmallContents::new(), Vec::new());
        for revision in sample.iter().filter(|it| it.n_bytes <= SMALL_BYTES_MAX as u64) {
            let digest = revision.digest;
            match known.get(&digest) {
                Some(bytes) => drop(found.insert(digest, Arc::clone(bytes))),
                None => missing.push(digest),
            }
        }
        found.extend(reader.small_together(&missing));
        found
    }
}

/// The boilerplate of the sites asked about so far, as far as memory goes.
#[derive(Default)]
pub struct BoilerplateCache {
    sites: RefCell<BTreeMap<i64, Rc<Boilerplate>>>,
    n_bytes: Cell<usize>,
    none: Rc<Boilerplate>,
    frequencies: OnceCell<Rc<Frequencies>>,
    /// Whether any site has boilerplate, once that was asked.
    is_needed: OnceCell<bool>,
}

impl BoilerplateCache {
    /// The boilerplate of all sites that a content's text stands on.
    pub fn of(&self, catalog: &Catalog, content: i64) -> Result<Rc<Boilerplate>, Error> {
        if !self.is_needed(catalog)? {
            return Ok(Rc::clone(&self.none));
        }
        let mut all = Vec::new();
        for site in catalog.sites_of(content)? {
            all.extend(Some(self.of_site(catalog, site)?).filter(|one| !one.is_empty()));
        }
        Ok(match &all[..] {
            [] => Rc::clone(&self.none),
            [one] => Rc::clone(one),
            many => Rc::new(Boilerplate::union(many)),
        })
    }

    /// The sketch of a content without what is boilerplate in its text.
    pub fn own(&self, catalog: &Catalog, content: i64, sketch: Sketch) -> Result<Sketch, Error> {
        let boilerplate = self.of(catalog, content)?;
        Ok(if boilerplate.is_empty() { sketch } else { sketch.without(boilerplate.shingles()) })
    }

    /// What is common in the archive.
    pub fn frequencies(&self, catalog: &Catalog) -> Result<Rc<Frequencies>, Error> {
        if let Some(known) = self.frequencies.get() {
            return Ok(Rc::clone(known));
        }
        let data = catalog.boilerplate(EVERYWHERE)?.unwrap_or_default();
        let found = Rc::new(Frequencies::parse(&data).unwrap_or_default());
        Ok(Rc::clone(self.frequencies.get_or_init(|| found)))
    }

    fn is_needed(&self, catalog: &Catalog) -> Result<bool, Error> {
        if let Some(known) = self.is_needed.get() {
            return Ok(*known);
        }
        let n_bytes = Boilerplate::default().encode().len();
        let found = catalog.has_boilerplate_over(n_bytes)?;
        Ok(*self.is_needed.get_or_init(|| found))
    }

    fn of_site(&self, catalog: &Catalog, site: i64) -> Result<Rc<Boilerplate>, Error> {
        if let Some(known) = self.sites.borrow().get(&site) {
            return Ok(Rc::clone(known));
        }
        let data = catalog.boilerplate(site)?.unwrap_or_default();
        let found = Rc::new(Boilerplate::parse(&data).unwrap_or_default());
        let n_bytes = self.n_bytes.get() + found.n_bytes();
        if n_bytes > BOILERPLATE_CACHE_BYTES_MAX {
            self.sites.borrow_mut().clear();
        }
        self.n_bytes.set(if n_bytes > BOILERPLATE_CACHE_BYTES_MAX {
            found.n_bytes()
        } else {
            n_bytes
        });
        self.sites.borrow_mut().insert(site, Rc::clone(&found));
        Ok(found)
    }
}
