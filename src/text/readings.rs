//! Readings: how words are spoken, set in small letters beside them, as ruby has it.

/// The readings in a line of a text that is searched. They stand behind the line, so that its words are found, and they.
#[derive(Debug, Default)]
pub(super) struct Readings {
    text: String,
    /// So many elements are open of which all is a reading.
    n_open: usize,
    /// So many are open in which words and readings take turns.
    n_rubies: usize,
    /// The last reading is of the same word.
    has_begun: bool,
}

impl Readings {
    /// Goes into a word with its readings.
    pub fn enter_ruby(&mut self) {
        self.n_rubies += 1;
        self.has_begun = false;
    }

    /// Leaves it.
    pub fn leave_ruby(&mut self) {
        self.n_rubies = self.n_rubies.saturating_sub(1);
        self.has_begun = false;
    }

    /// Goes into a reading.
    pub fn enter(&mut self) {
        if self.n_open == 0 && !self.text.is_empty() {
            self.text.push_str(if self.has_begun { " " } else { ", " });
        }
        self.n_open += 1;
        self.has_begun = self.n_rubies > 0;
    }

    /// Leaves it.
    pub fn leave(&mut self) {
        self.n_open = self.n_open.saturating_sub(1);
    }

    /// Whether what comes is a reading.
    pub fn is_open(&self) -> bool {
        self.n_open > 0
    }

    /// Takes a part of a reading, without brackets around it.
    pub fn put(&mut self, text: &str) {
        let text = text.trim().trim_matches(['(', ')', '（', '）']);
        for (n, word) in text.split_whitespace().enumerate() {
            self.text.push_str(if n > 0 { " " } else { "" });
            self.text.push_str(word);
        }
    }

    /// What stands behind the line, if there is any reading in it.
    pub fn take(&mut self) -> Option<String> {
        let readings = std::mem::take(&mut self.text);
        let readings = readings.trim_matches([' ', ',']);
        (!readings.is_empty()).then(|| format!(" ({readings})"))
    }
}
