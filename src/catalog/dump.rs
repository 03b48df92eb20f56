//! The whole catalog as text, for comparing two of them.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;

use crate::types::{digest::hex, error::Error};

use super::{
    Catalog,
    index::{blocks, tiers::Index},
    tables::TABLES,
};

impl Catalog {
    /// Every row of every table, each table in some fixed order; of the indexes every entry, because
    /// where their blocks begin is history.
    ///
    /// Two catalogs of the same facts give the same text, whichever way they came about.
    pub fn dump(&self) -> Result<String, Error> {
        let mut text = String::new();
        for table in TABLES.iter().filter(|table| !table.is_index) {
            self.dump_table(table.name, &mut text)?;
        }
        for (name, index) in
            [("posting", Index::posting(&self.db)), ("feature", Index::feature(&self.db))]
        {
            index.each(|number| {
                let _ = writeln!(text, "{name}|{}|{}", blocks::hash_of(number), number as u32);
            })?;
        }
        Ok(text)
    }

    fn dump_table(&self, table: &str, text: &mut String) -> Result<(), Error> {
        let mut query = self.db.prepare(&format!("SELECT * FROM {table}"))?;
        let n_columns = query.column_count();
        let mut lines = Vec::new();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let mut line = table.to_owned();
            for column in 0..n_columns {
                let _ = match row.get_ref(column)? {
                    ValueRef::Null => write!(line, "|-"),
                    ValueRef::Integer(n) => write!(line, "|{n}"),
                    ValueRef::Real(x) => write!(line, "|{x}"),
                    ValueRef::Text(bytes) => write!(line, "|'{}'", bytes.escape_ascii()),
                    ValueRef::Blob(bytes) => write!(line, "|{}", hex(bytes)),
                };
            }
            lines.push(line);
        }
        lines.sort_unstable();
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
        Ok(())
    }
}
