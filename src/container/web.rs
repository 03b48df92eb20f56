//! What was captured from the web: the responses in a WARC or ARC file, out of what they were sent in, with digests checked.

use std::{
    collections::HashMap,
    io::{self, Write as _},
};

use crate::types::{digest::Digest, limits::SOURCE_BYTES_MAX, name::DocName, time::Timestamp};

use super::{
    Again, Allowance, Contained, Container, InnerDocument, Limits, MemberFacts, MemberName,
    bytes::{Body, BodyWriter, Shelf, TemporaryFile},
    damaged,
    digests::StatedDigest,
    http::{self, ResponseHead, Unwrapper},
    names,
    record::Record,
    records::{LostRecord, Records},
    survey::{RecordKind, Survey, digest_key, place_key, referred_place, time, url},
};

/// Such a file.
pub struct WebArchive {
    records: Records,
    survey: Survey,
    limits: Limits,
    unwrapper: Unwrapper,
    shelf: Shelf,
    /// What waits for others of its name that were captured before it.
    held: Vec<(DocName, Option<Timestamp>, Contained)>,
    is_read: bool,
    /// Contents that others refer to.
    met: HashMap<u64, Digest>,
    n_records: u64,
}

/// A record whose block was read, and is whole.
struct Capture<'r> {
    record: &'r Record,
    url: &'r str,
    name: DocName,
    block: Body,
}

impl WebArchive {
    /// Goes through the file once, and begins.
    pub fn open(
        body: &Body,
        (is_arc, is_gzip): (bool, bool),
        limits: Limits,
        temporary: TemporaryFile,
    ) -> Self {
        let records = || Records::new(body.clone(), is_arc, is_gzip, limits);
        let allowance = Allowance::of(body.n_bytes(), &limits);
        Self {
            survey: Survey::of(records(), limits.members),
            records: records(),
            limits,
            unwrapper: Unwrapper { temporary, limits, allowance },
            shelf: Shelf::new(temporary),
            held: Vec::new(),
            is_read: false,
            met: HashMap::new(),
            n_records: 0,
        }
    }

    fn take(&mut self, record: &Record) -> io::Result<Contained> {
        let kind = RecordKind::of(record);
        if !self.survey.is_taken(kind) {
            self.records.finish()?;
            return Ok(Contained::Without);
        }
        let refused = |why: io::Error| Contained::Refused { what: label(record), why };
        let why_not = || {
            let url = url(record).ok_or_else(|| damaged("it has no address"))?;
            if record.field("warc-segment-number").is_some() {
                return Err(damaged("it is one segment of several, which are not put together"));
            }
            names::url_name(url)
                .map(|name| (url, name))
                .ok_or_else(|| damaged("its address is no name"))
        };
        let named = why_not();
        let (url, name) = match named {
            Ok(named) => named,
            Err(why) => {
                self.records.finish()?;
                return Ok(refused(why));
            }
        };
        if kind == RecordKind::Revisit {
            self.records.finish()?;
            return Ok(Contained::Again(self.again(record, (url, name))));
        }
        if record.n_bytes > self.limits.member_bytes {
            self.records.finish()?;
            return Ok(refused(self.limits.too_large()));
        }
        let stated = record.field("warc-block-digest").and_then(StatedDigest::of);
        let (block, is_right) = self.block(stated)?;
        if !is_right {
            return Ok(refused(damaged("its bytes do not have the digest that it states")));
        }
        match self.member(&Capture { record, url, name, block }) {
            Ok(member) => Ok(Contained::InnerDocument(member)),
            Err(why) => Ok(refused(why)),
        }
    }

    /// Reads a block to its end; whether it has its digest.
    fn block(&mut self, mut stated: Option<StatedDigest>) -> io::Result<(Body, bool)> {
        let mut out = BodyWriter::new(self.unwrapper.temporary, self.limits.member_bytes);
        let mut block = self.records.block();
        let mut piece = vec![0; 64 << 10];
        loop {
            let n = io::Read::read(&mut block, &mut piece)?;
            if n == 0 {
                break;
            }
            out.write_all(&piece[..n])?;
            if let Some(stated) = &mut stated {
                stated.write_all(&piece[..n])?;
            }
        }
        self.records.finish()?;
        Ok((out.finish(), stated.is_none_or(StatedDigest::fits)))
    }

    fn member(&mut self, capture: &Capture) -> io::Result<InnerDocument> {
        let Capture { record, url, name, block } = capture;
        let head = match record.field("warc-type") {
            Some("response") => ResponseHead::of(block)?,
            _ => None,
        };
        let mut about = about(record, url);
        let sent = head.as_ref().map_or_else(|| block.clone(), |head| head.payload(block));
        let mut forms = vec![sent.clone()];
        let mut body = sent;
        if let Some(head) = &head {
            if head.status != 200 {
                about.remarks.push(format!("HTTP {}", head.status));
            }
            about.charset = head.charset().map(str::to_owned);
            let (whole, why_not) = self.undone(head, &mut body);
            forms.extend(whole);
            forms.push(body.clone());
            about.remarks.extend(why_not);
        } else {
            let named = record.field("content-type").and_then(http::charset);
            about.charset = named.map(str::to_owned);
        }
        let stated = record.field("warc-payload-digest");
        let doubt = match is_payload(stated, &forms)? {
            true => None,
            false if record.field("warc-block-digest").and_then(StatedDigest::of).is_some() => {
                Some(
                    "its payload does not have the digest that is stated; all of the record has"
                        .to_owned(),
                )
            }
            false => return Err(damaged("its payload does not have the digest that it states")),
        };
        self.note(capture, stated, &body)?;
        Ok(InnerDocument { name: MemberName::Own(name.clone()), body, about, doubt })
    }

    /// Undoes chunks and codings of a body, which stays as it was sent where that cannot be: what it was without its chunks,
    /// and why it stays.
    fn undone(&mut self, head: &ResponseHead, body: &mut Body) -> (Option<Body>, Option<String>) {
        let kept = |codings: &str, why: io::Error| {
            Some(format!("kept as it was sent, in {codings}: {why}"))
        };
        let mut whole = None;
        if head.is_chunked() {
            match self.unwrapper.dechunked(body) {
                Ok(plain) => body.clone_from(whole.insert(plain)),
                Err(why) => return (None, kept("chunks", why)),
            }
        }
        let codings = head.codings();
        match self.unwrapper.decoded(body, &codings) {
            Ok(plain) => {
                *body = plain;
                (whole, None)
            }
            Err(why) => (whole, kept(&codings.join(", "), why)),
        }
    }

    /// Remembers a content that others refer to.
    fn note(&mut self, capture: &Capture, stated: Option<&str>, body: &Body) -> io::Result<()> {
        let place = time(capture.record).map(|time| place_key(capture.url, time));
        let keys = stated.map(digest_key).into_iter().chain(place);
        let keys: Vec<u64> = keys.filter(|key| self.survey.is_referred(*key)).collect();
        if !keys.is_empty() {
            let (digest, _) = Digest::of_all(body.reader())?;
            self.met.extend(keys.into_iter().map(|key| (key, digest)));
        }
        Ok(())
    }

    fn again(&self, record: &Record, (url, name): (&str, DocName)) -> Again {
        let place = referred_place(record);
        let by_place = place.and_then(|(url, time)| self.met.get(&place_key(url, time)));
        let by_digest = || self.met.get(&digest_key(record.field("warc-payload-digest")?));
        let content = by_place.or_else(by_digest).copied();
        let of = place.and_then(|(url, time)| Some((names::url_name(url)?, Some(time))));
        let is_unmodified =
            record.field("warc-profile").is_some_and(|it| it.ends_with("/server-not-modified"));
        let of = of.or_else(|| is_unmodified.then(|| (name.clone(), None)));
        Again { about: about(record, url), name, content, of }
    }

    /// Lets what does not stand in its order wait.
    fn in_order(&mut self, found: Contained) -> Option<Contained> {
        let (name, captured) = match &found {
            Contained::InnerDocument(InnerDocument {
                name: MemberName::Own(name), about, ..
            }) => (name, about.captured),
            Contained::Again(again) => (&again.name, again.about.captured),
            _ => return Some(found),
        };
        if !self.survey.is_unsorted(name.as_bytes()) {
            return Some(found);
        }
        let name = name.clone();
        let found = match found {
            Contained::InnerDocument(member) => match self.shelf.put(&member.body) {
                Ok(body) => Contained::InnerDocument(InnerDocument { body, ..member }),
                Err(why) => {
                    return Some(Contained::Refused { what: name.text().into_owned(), why });
                }
            },
            other => other,
        };
        self.held.push((name, captured, found));
        None
    }

    fn after_all(&mut self) -> Option<Contained> {
        if !self.is_read {
            self.is_read = true;
            // What is taken from the end comes first.
            self.held.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
            self.held.reverse();
            reverse_equals(&mut self.held);
        }
        self.held.pop().map(|(_, _, found)| found)
    }
}

impl Container for WebArchive {
    fn next(&mut self) -> Option<Contained> {
        while !self.is_read {
            if self.n_records >= self.limits.members {
                self.is_read = true;
                let why =
                    super::beyond(format!("it has more than {} records", self.limits.members));
                return Some(Contained::Refused { what: "the rest".to_owned(), why });
            }
            let taken = match self.records.next() {
                None => break,
                Some(Ok(record)) => {
                    self.n_records += 1;
                    self.take(&record).map_err(|why| {
                        let LostRecord { why, .. } = self.records.lost(why);
                        LostRecord { what: label(&record), why }
                    })
                }
                Some(Err(lost)) => Err(lost),
            };
            let found =
                taken.unwrap_or_else(|LostRecord { what, why }| Contained::Refused { what, why });
            if let Some(found) = self.in_order(found) {
                return Some(found);
            }
        }
        self.after_all()
    }
}

/// Of what has one name and one time the order stays.
fn reverse_equals(held: &mut [(DocName, Option<Timestamp>, Contained)]) {
    held.chunk_by_mut(|a, b| (&a.0, a.1) == (&b.0, b.1)).for_each(<[_]>::reverse);
}

fn about(record: &Record, url: &str) -> MemberFacts {
    let remarks = record.field("warc-truncated").map(|why| format!("truncated: {why}"));
    MemberFacts {
        captured: time(record),
        source: (url.len() <= SOURCE_BYTES_MAX).then(|| url.to_owned()),
        remarks: remarks.into_iter().collect(),
        ..MemberFacts::default()
    }
}

fn label(record: &Record) -> String {
    let url = url(record).map(|url| format!(", {url}")).unwrap_or_default();
    format!("record {} at byte {}{url}", record.number, record.place)
}

/// Whether the payload in one of the forms that programs take it for has the digest that is stated, if one is.
fn is_payload(stated: Option<&str>, forms: &[Body]) -> io::Result<bool> {
    for form in forms {
        let Some(mut digest) = stated.and_then(StatedDigest::of) else { return Ok(true) };
        io::copy(&mut form.reader(), &mut digest)?;
        if digest.fits() {
            return Ok(true);
        }
    }
    Ok(false)
}
