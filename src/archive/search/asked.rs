//! One question put to an index: which contents fit, and in which order.
//!
//! Where a word stands is found at once, for one content as for all. The contents with words that begin so are put together
//! from all these words each time SQLite is asked, so of such a question all that fit are found once and kept.

use std::cell::OnceCell;

use crate::{
    catalog::{FullText, FullTextError},
    search::query::SearchQuery,
    types::error::Error,
};

use super::RANKED_MAX;

/// A question in the language of the index.
pub(super) struct AskedIndex<'a> {
    full_text: &'a FullText,
    expression: String,
    /// Whether a word of it may go on.
    is_open: bool,
    /// Of an open one the contents that fit, in order, once they are asked for.
    fitting: OnceCell<Vec<i64>>,
}

impl<'a> AskedIndex<'a> {
    /// The question; none without a word that has to stand in a text.
    pub fn of(full_text: &'a FullText, query: &SearchQuery) -> Option<Self> {
        Some(Self::asking(full_text, query.expression()?, query.is_open()))
    }

    fn asking(full_text: &'a FullText, expression: String, is_open: bool) -> Self {
        Self { full_text, expression, is_open, fitting: OnceCell::new() }
    }

    /// The same in titles alone, where any text has one.
    fn in_titles(&self, query: &SearchQuery) -> Result<Option<Self>, FullTextError> {
        let expression = query.expression_in_title();
        let expression = if self.full_text.has_titles()? { expression } else { None };
        Ok(expression.map(|it| Self::asking(self.full_text, it, self.is_open)))
    }

    fn fitting(&self) -> Result<&[i64], FullTextError> {
        if let Some(fitting) = self.fitting.get() {
            return Ok(fitting);
        }
        let all = self.full_text.all(&self.expression)?;
        Ok(self.fitting.get_or_init(|| all))
    }

    /// How many contents fit.
    pub fn count(&self) -> Result<u64, FullTextError> {
        match self.is_open {
            true => Ok(self.fitting()?.len() as u64),
            false => self.full_text.count(&self.expression),
        }
    }

    /// Whether a content fits.
    pub fn has(&self, content: i64) -> Result<bool, FullTextError> {
        match self.is_open {
            true => Ok(self.fitting()?.binary_search(&content).is_ok()),
            false => self.full_text.fits(&self.expression, content),
        }
    }

    /// The first of the last [`RANKED_MAX`] contents that fit.
    fn first_ranked(&self) -> Result<i64, FullTextError> {
        let before = match self.is_open {
            true => self.fitting()?.iter().rev().nth(RANKED_MAX as usize).copied(),
            false => self.full_text.nth_last(&self.expression, RANKED_MAX)?,
        };
        Ok(before.map_or(0, |last| last + 1))
    }

    /// Whether none fits, as far as that is known without asking.
    fn is_none(&self) -> Result<bool, FullTextError> {
        Ok(self.is_open && self.fitting()?.is_empty())
    }

    /// Calls `each` with the contents that fit, the latest first, for as long as it says so.
    pub fn latest_first(
        &self,
        each: &mut dyn FnMut(i64) -> Result<bool, Error>,
    ) -> Result<(), FullTextError> {
        self.before(i64::MAX, each)
    }

    fn before(
        &self,
        end: i64,
        each: &mut dyn FnMut(i64) -> Result<bool, Error>,
    ) -> Result<(), FullTextError> {
        if !self.is_open {
            return self.full_text.last_first(&self.expression, end, each).map(drop);
        }
        for content in self.fitting()?.iter().rev().filter(|it| **it < end) {
            if !each(*content)? {
                break;
            }
        }
        Ok(())
    }

    /// Calls `each` with the contents that fit, best first.
    pub fn best_first(
        &self,
        query: &SearchQuery,
        n_contents: u64,
        each: &mut dyn FnMut(i64) -> Result<bool, Error>,
    ) -> Result<(), FullTextError> {
        let Self { full_text, expression, .. } = self;
        if n_contents <= RANKED_MAX {
            return full_text.best_first(expression, 0, each).map(drop);
        }
        if let Some(titles) = self.in_titles(query)?
            && !titles.is_none()?
            && !full_text.best_first(&titles.expression, titles.first_ranked()?, each)?
        {
            return Ok(());
        }
        let first = self.first_ranked()?;
        match full_text.best_first(expression, first, each)? {
            true => self.before(first, each),
            false => Ok(()),
        }
    }
}
