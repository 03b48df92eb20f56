//! One record of a WARC or ARC file, by its head.

/// A record.
pub struct Record {
    fields: Vec<(String, String)>,
    /// The length of its block.
    pub n_bytes: u64,
    /// Counted from 1.
    pub number: u64,
    /// Where it, or the gzip member that it lies in, begins.
    pub place: u64,
}

impl Record {
    pub fn new(fields: Vec<(String, String)>, n_bytes: u64) -> Self {
        Self { fields, n_bytes, number: 0, place: 0 }
    }

    /// A field by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| &value[..]).filter(|value| !value.is_empty())
    }
}
