//! Names: what is captured from the web is called by its address, what lies in a container by its place there.

use std::collections::HashMap;

use crate::types::{
    digest::Digest,
    limits::{FILE_NAME_BYTES_MAX, NAME_BYTES_MAX},
    name::DocName,
};

/// So much of what is too long is kept before its digest.
const CUT_BYTES: usize = 3 << 10;

/// The name of what was captured from an address: the address, with one slash behind the scheme.
///
/// No part of a name may be empty, `.` or `..`: such a part gets a `_`, and so does one that is of `_` before these,
/// so that no two addresses have one name. An address without a path is the one of its root. One that is
/// too long is cut, and its digest stands for the rest.
pub fn url_name(url: &str) -> Option<DocName> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => (Some(format!("{scheme}:")), rest),
        _ => (None, url),
    };
    let is_of_host = scheme.is_some() && rest.find('/').is_some_and(|at| at + 1 == rest.len());
    let rest = if is_of_host { &rest[..rest.len() - 1] } else { rest };
    let parts = scheme.into_iter().chain(rest.split('/').map(escaped));
    let name = parts.collect::<Vec<_>>().join("/").replace('\0', "%00");
    let name = match name.len() > NAME_BYTES_MAX - 200 {
        true => cut(&name, url),
        false => name,
    };
    DocName::new(name).ok()
}

fn escaped(part: &str) -> String {
    match part.trim_start_matches('_') {
        "" | "." | ".." => format!("_{part}"),
        _ => part.to_owned(),
    }
}

fn cut(name: &str, whole: &str) -> String {
    let start = &name[..name.floor_char_boundary(CUT_BYTES)];
    format!("{}~{}", start.trim_end_matches('/'), &Digest::of(whole.as_bytes()).to_string()[..16])
}

/// The name of a file in a container, if nothing there can lead out of it.
pub fn inner_name(path: &[u8]) -> Result<Vec<u8>, &'static str> {
    if path.starts_with(b"/") {
        return Err("its name begins at the root of a disk");
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err("its name leads out of the container"),
            part if part.contains(&0) => return Err("a name cannot contain a zero byte"),
            part => parts.push(part),
        }
    }
    match parts.is_empty() {
        true => Err("it has no name"),
        false => Ok(parts.join(&b'/')),
    }
}

/// One part of a name out of what somebody called a file.
pub fn file_name(given: &str, otherwise: &str) -> String {
    let is_apart = |c: char| c == '/' || c == '\\';
    let tail = given.rsplit(is_apart).next().unwrap_or_default();
    let plain: String = tail.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    let plain = match plain.trim() {
        "" | "." | ".." => otherwise,
        plain => plain,
    };
    if plain.len() <= FILE_NAME_BYTES_MAX - 16 {
        return plain.to_owned();
    }
    let (stem, ending) = split(plain);
    let end = stem.floor_char_boundary(FILE_NAME_BYTES_MAX - 16 - 20 - ending.len());
    format!("{}~{}{ending}", &stem[..end], &Digest::of(plain.as_bytes()).to_string()[..16])
}

/// The last part of a name before its ending, and the ending with its dot, if it is a short one.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 12 && !name[dot..].contains('/') => {
            name.split_at(dot)
        }
        _ => (name, ""),
    }
}

/// Tells apart what has one name: the second is called `name (2).txt`.
#[derive(Debug, Default)]
pub struct UniqueNames(HashMap<u64, u32>);

impl UniqueNames {
    /// The name, or one beside it that none before had.
    pub fn unique(&mut self, name: &[u8]) -> Vec<u8> {
        let mut unique = name.to_vec();
        loop {
            let key = Digest::of(&unique).key().0;
            let n = self.0.entry(key).or_default();
            *n += 1;
            if *n == 1 {
                return unique;
            }
            let number = self.0.get(&Digest::of(name).key().0).copied().unwrap_or(2);
            unique = numbered(name, number);
        }
    }
}

fn numbered(name: &[u8], number: u32) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(name) => {
            let (stem, ending) = split(name);
            format!("{stem} ({number}){ending}").into_bytes()
        }
        Err(_) => [name, format!(" ({number})").as_bytes()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_name_of_its_own() {
        for (url, name) in [
            ("https://example.com/", "https:/example.com"),
            ("https://example.com", "https:/example.com"),
            ("http://example.com/a/b.html?q=1&r=/x", "http:/example.com/a/b.html?q=1&r=/x"),
            ("http://example.com/a/", "http:/example.com/a/_"),
            ("http://example.com/a/_", "http:/example.com/a/__"),
            (
                "http://example.com/web/2020/http://b.example/",
                "http:/example.com/web/2020/http:/_/b.example/_",
            ),
            ("http://example.com/../a/./b", "http:/example.com/_../a/_./b"),
            ("http://example.com/_../a", "http:/example.com/__../a"),
            ("dns:example.com", "dns:example.com"),
            ("urn:uuid:1-2", "urn:uuid:1-2"),
            ("http://example.com/_next/_.js", "http:/example.com/_next/_.js"),
            ("http://example.com//", "http:/example.com/_/_"),
        ] {
            assert_eq!(url_name(url), DocName::new(name).ok(), "{url}");
            assert!(url_name(url).is_some());
        }
        let long = format!("data:text/html,{}", "x".repeat(9000));
        let other = format!("{long}y");
        assert_ne!(url_name(&long), url_name(&other));
        assert!(url_name(&long).unwrap().as_bytes().len() < 4000);
    }

    #[test]
    fn a_name_that_leads_out_is_none() {
        assert_eq!(inner_name(b"a/./b//c.txt"), Ok(b"a/b/c.txt".to_vec()));
        for bad in [&b"../a"[..], b"/etc/passwd", b"a/../b", b"", b"./", b"a\0b"] {
            assert!(inner_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_attachment_is_one_part_of_a_name() {
        assert_eq!(file_name("C:\\letters\\plan.pdf", "x"), "plan.pdf");
        assert_eq!(file_name("../../etc/passwd", "x"), "passwd");
        assert_eq!(file_name("..", "attachment-1"), "attachment-1");
        assert_eq!(file_name("a\nb", "x"), "a_b");
        let long = file_name(&format!("{}.pdf", "é".repeat(400)), "x");
        assert!(long.len() <= FILE_NAME_BYTES_MAX && long.ends_with(".pdf"), "{long}");
    }

    #[test]
    fn the_second_of_a_name_gets_a_number() {
        let mut names = UniqueNames::default();
        for (name, unique) in [
            ("a/b.txt", "a/b.txt"),
            ("a/b.txt", "a/b (2).txt"),
            ("a/b (2).txt", "a/b (2) (2).txt"),
            ("a/b.txt", "a/b (3).txt"),
            ("a.d/c", "a.d/c"),
            ("a.d/c", "a.d/c (2)"),
        ] {
            assert_eq!(names.unique(name.as_bytes()), unique.as_bytes());
        }
    }
}
