//! Furniture: the lines that the pages of a site share, such as menus, notices and footers.
//!
//! On pages they are half of the text, and two pages of one site would look like copies. A line that
//! at least three texts of a site's sample share is its furniture, provided that such lines are
//! a part of most texts there: a folder that has a few copies among many other texts has none.
//! Sketches are of whole texts and never change; furniture is taken away when texts are compared,
//! so what was added first does not matter.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use crate::{
    catalog::Catalog,
    crafts::sketch::{Shingles, Sketch},
    store::{Reader, Sealed},
    text::Normal,
    types::error::Error,
};

use super::sketching;

/// A line is furniture that so many texts of the sample share.
const TEXTS_MIN: usize = 3;
/// Of a page this share of the words is furniture: less is chance, and where it is more the texts are
/// versions of one rather than pages.
const SHARE_MIN: f64 = 0.1;
/// See [`SHARE_MIN`].
const SHARE_MAX: f64 = 0.8;
/// Few texts are more easily versions of one;
const FEW_TEXTS: usize = 8;
/// of them no more than this may be furniture.
const SHARE_MAX_OF_FEW: f64 = 0.6;
/// A site has furniture if this share of the sampled texts are pages.
const TEXTS_SHARE_MIN: f64 = 0.5;

/// The furniture of sites is kept at hand up to so many bytes.
const SHELF_BYTES_MAX: usize = 32 << 20;

/// Longer texts are no pages, and are not sampled.
const TEXT_BYTES_MAX: u64 = 256 << 10;

/// What texts of a site have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Furniture {
    /// Hashes of lines, rising.
    lines: Vec<u32>,
    /// The halves that sketches keep of the shingles in them, rising.
    shingles: Vec<u32>,
}

impl Furniture {
    /// Learns from texts.
    pub fn of(texts: &[String]) -> Self {
        let pages: Vec<Page> = texts.iter().map(|text| Page::of(text)).collect();
        let mut n_texts: HashMap<u32, usize> = HashMap::new();
        for page in &pages {
            let distinct: BTreeSet<u32> = page.lines.iter().map(|(hash, _)| *hash).collect();
            for line in distinct {
                *n_texts.entry(line).or_default() += 1;
            }
        }
        let mut lines: Vec<u32> =
            n_texts.into_iter().filter(|(_, n)| *n >= TEXTS_MIN).map(|(line, _)| line).collect();
        lines.sort_unstable();
        let share_max = if pages.len() < FEW_TEXTS { SHARE_MAX_OF_FEW } else { SHARE_MAX };
        let is_page = |page: &&Page| {
            let share = page.share_of(&lines);
            (SHARE_MIN..=share_max).contains(&share)
        };
        let n_pages = pages.iter().filter(is_page).count();
        if (n_pages as f64) < pages.len() as f64 * TEXTS_SHARE_MIN {
            return Self::default();
        }
        let mut furniture = Self { lines, shingles: Vec::new() };
        let taken: BTreeSet<u32> =
            texts.iter().flat_map(|text| furniture.taken_from(text)).collect();
        furniture.shingles = taken.into_iter().collect();
        furniture
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether a line with this hash is furniture.
    pub fn has_line(&self, hash: Option<u32>) -> bool {
        hash.is_some_and(|hash| self.lines.binary_search(&hash).is_ok())
    }

    /// What sketches keep of the shingles of furniture, rising.
    pub fn shingles(&self) -> &[u32] {
        &self.shingles
    }

    /// The furniture of all of them.
    fn union(all: &[Rc<Self>]) -> Self {
        let joined = |numbers: fn(&Self) -> &[u32]| {
            let mut joined: Vec<u32> = all.iter().flat_map(|one| numbers(one)).copied().collect();
            joined.sort_unstable();
            joined.dedup();
            joined
        };
        Self { lines: joined(|one| &one.lines), shingles: joined(|one| &one.shingles) }
    }

    /// About the bytes it takes.
    fn n_bytes(&self) -> usize {
        4 * (self.lines.len() + self.shingles.len()) + 128
    }

    /// The shingles that a text loses with its furniture.
    fn taken_from(&self, text: &str) -> Vec<u32> {
        let own = Normal::of(&sketching::own_text(text.into(), self));
        let own = Shingles::of(sketching::words(&own));
        let whole = Normal::of(text);
        let whole = Shingles::of(sketching::words(&whole));
        whole.kept_without(&own).collect()
    }

    /// Four bytes count of lines, the lines, the shingles; little-endian.
    pub fn encode(&self) -> Vec<u8> {
        let count = self.lines.len() as u32;
        let numbers = std::iter::once(&count).chain(&self.lines).chain(&self.shingles);
        numbers.flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Reads what [`Furniture::encode`] wrote; `None` for anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let number = |four: &[u8]| u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        let (head, body) = bytes.split_at_checked(4)?;
        let n_bytes = usize::try_from(number(head)).ok()?.checked_mul(4)?;
        let (lines, shingles) = body.split_at_checked(n_bytes)?;
        let numbers = |bytes: &[u8]| -> Option<Vec<u32>> {
            let numbers: Vec<u32> = bytes.chunks_exact(4).map(number).collect();
            (bytes.len().is_multiple_of(4) && numbers.is_sorted_by(|a, b| a < b)).then_some(numbers)
        };
        Some(Self { lines: numbers(lines)?, shingles: numbers(shingles)? })
    }
}

/// The lines of a text, and how many words each has.
struct Page {
    lines: Vec<(u32, usize)>,
}

impl Page {
    fn of(text: &str) -> Self {
        let line = |line: &str| {
            let normal = Normal::of(line);
            Some((sketching::line_hash(&normal)?, normal.ends().len()))
        };
        Self { lines: text.lines().filter_map(line).collect() }
    }

    /// The share of the words that lie in these lines.
    fn share_of(&self, lines: &[u32]) -> f64 {
        let n_words =
            |it: &mut dyn Iterator<Item = &(u32, usize)>| -> usize { it.map(|(_, n)| n).sum() };
        let all = n_words(&mut self.lines.iter());
        let shared = self.lines.iter().filter(|(hash, _)| lines.binary_search(hash).is_ok());
        n_words(&mut { shared }) as f64 / all.max(1) as f64
    }
}

/// Makes the furniture again of the sites whose samples changed.
pub fn refresh(catalog: &Catalog, reader: &Reader<Sealed>) -> Result<(), Error> {
    for site in catalog.sites_changed()? {
        let mut texts = Vec::new();
        for revision in catalog.sample(site)? {
            if revision.n_bytes > TEXT_BYTES_MAX {
                continue;
            }
            // What cannot be read has nothing to show; that it is damaged is for the audit to say.
            if let Ok(bytes) = reader.content_bytes(&revision.digest, revision.n_bytes) {
                let text = sketching::text_of(&bytes, &revision.media_type);
                texts.extend(text.map(std::borrow::Cow::into_owned));
            }
        }
        catalog.set_furniture(site, &Furniture::of(&texts).encode())?;
    }
    Ok(())
}

/// The furniture of the sites met so far, as far as memory goes.
#[derive(Default)]
pub struct Shelf {
    sites: RefCell<BTreeMap<i64, Rc<Furniture>>>,
    n_bytes: Cell<usize>,
    none: Rc<Furniture>,
    /// Whether any site has furniture, once that was asked.
    is_needed: OnceCell<bool>,
}

impl Shelf {
    /// The furniture that a content's text has wherever it stands.
    pub fn of(&self, catalog: &Catalog, content: i64) -> Result<Rc<Furniture>, Error> {
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
            many => Rc::new(Furniture::union(many)),
        })
    }

    /// The sketch of a content without what is furniture in its text.
    pub fn own(&self, catalog: &Catalog, content: i64, sketch: Sketch) -> Result<Sketch, Error> {
        let furniture = self.of(catalog, content)?;
        Ok(if furniture.is_empty() { sketch } else { sketch.without(furniture.shingles()) })
    }

    fn is_needed(&self, catalog: &Catalog) -> Result<bool, Error> {
        if let Some(known) = self.is_needed.get() {
            return Ok(*known);
        }
        let n_bytes = Furniture::default().encode().len();
        let found = catalog.has_furniture_over(n_bytes)?;
        Ok(*self.is_needed.get_or_init(|| found))
    }

    fn of_site(&self, catalog: &Catalog, site: i64) -> Result<Rc<Furniture>, Error> {
        if let Some(known) = self.sites.borrow().get(&site) {
            return Ok(Rc::clone(known));
        }
        let data = catalog.furniture(site)?.unwrap_or_default();
        let found = Rc::new(Furniture::parse(&data).unwrap_or_default());
        let n_bytes = self.n_bytes.get() + found.n_bytes();
        if n_bytes > SHELF_BYTES_MAX {
            self.sites.borrow_mut().clear();
        }
        self.n_bytes.set(if n_bytes > SHELF_BYTES_MAX { found.n_bytes() } else { n_bytes });
        self.sites.borrow_mut().insert(site, Rc::clone(&found));
        Ok(found)
    }
}
