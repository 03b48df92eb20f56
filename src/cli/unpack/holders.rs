//! Contents that hold others word for word: a mail to which something is attached, a ZIP archive that was kept as it is.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io::{self, Write as _},
};

use crate::{
    archive::{Archive, presence::AsOf},
    container::{
        Allowance, Body, BodyWriter, Contained, Container, ContainerKind, InnerDocument, Limits,
        MemberName,
    },
    types::{
        digest::Digest,
        document::{Document, Revision},
        error::Error,
    },
};

use super::{OpenedKind, attached, kind_of, members::MAIL_DEPTH_MAX};

/// A revision that holds contents which are looked for.
pub struct HoldingRevision {
    pub document: Document,
    pub revision: Revision,
    /// The contents.
    pub holds: BTreeSet<Digest>,
}

/// Contents that are looked for in what mails and containers hold.
pub struct HeldContents {
    digests: HashSet<Digest>,
    sizes: HashSet<u64>,
    limits: Limits,
}

impl HeldContents {
    /// These, each with its size.
    pub fn of(contents: impl Iterator<Item = (Digest, u64)>) -> Self {
        let (digests, sizes) = contents.unzip();
        Self { digests, sizes, limits: Limits::default() }
    }

    /// The revisions that hold some of them, but for those of these events; `progress` is called with the number of
    /// documents done.
    ///
    /// What cannot be read or is locked is passed over.
    pub fn holders(
        &self,
        archive: &Archive,
        but: &BTreeSet<u64>,
        mut progress: impl FnMut(u64),
    ) -> Result<Vec<HoldingRevision>, Error> {
        let (mut found, mut met) = (Vec::new(), HashMap::<Digest, BTreeSet<Digest>>::new());
        let mut n_done = 0;
        if self.digests.is_empty() {
            return Ok(found);
        }
        archive.each_document(AsOf::Ever, |document, _| {
            for revision in archive.catalog().revisions(document)? {
                if but.contains(&revision.event) || !self.may_be_in(&revision) {
                    continue;
                }
                let known = met.entry(revision.digest);
                let holds = known.or_insert_with(|| self.held_by(archive, document, &revision));
                if !holds.is_empty() {
                    let (document, holds) = (document.clone(), holds.clone());
                    found.push(HoldingRevision { document, revision, holds });
                }
            }
            n_done += 1;
            progress(n_done);
            Ok(())
        })?;
        Ok(found)
    }

    /// Whether a revision is worth a look, by what the catalog says of it.
    fn may_be_in(&self, revision: &Revision) -> bool {
        let smallest = self.sizes.iter().min().copied().unwrap_or_default();
        let is_kind = match &revision.media_type[..] {
            MAIL_TYPE => revision.n_bytes >= smallest,
            "text/plain" => true,
            other => other.starts_with("application/") && other != "application/pdf",
        };
        is_kind && revision.withdrawn.is_none() && revision.n_bytes > 0
    }

    fn held_by(
        &self,
        archive: &Archive,
        document: &Document,
        revision: &Revision,
    ) -> BTreeSet<Digest> {
        let mut held = BTreeSet::new();
        let name = match &revision.media_type[..] {
            MAIL_TYPE => b".eml",
            _ => document.name.tail(),
        };
        if let Ok(Some(body)) = body(archive, (document, revision), name) {
            let mut allowance = Allowance::of(body.n_bytes(), &self.limits);
            self.look_into(&body, (name, 0), &mut allowance, &mut held);
        }
        held
    }

    fn look_into(
        &self,
        body: &Body,
        (name, depth): (&[u8], usize),
        allowance: &mut Allowance,
        held: &mut BTreeSet<Digest>,
    ) {
        let opened: Option<Box<dyn Container>> = match kind_of(body, name) {
            Some(OpenedKind::Container(kind)) => {
                Some(kind.open(body, self.limits, tempfile::tempfile))
            }
            Some(OpenedKind::Mail) => attached::to(body, "").ok().flatten(),
            None => None,
        };
        let Some(mut container) = opened else { return };
        while let Some(found) = container.next() {
            let Contained::InnerDocument(InnerDocument { name, body, .. }) = found else {
                continue;
            };
            if allowance.spend(body.n_bytes()).is_err() {
                return;
            }
            held.extend(self.is_it(&body).ok().flatten());
            if let (MemberName::Inner(name), true) = (name, depth < MAIL_DEPTH_MAX) {
                self.look_into(&body, (&name, depth + 1), allowance, held);
            }
        }
    }

    /// Which of them it is, if one.
    fn is_it(&self, body: &Body) -> io::Result<Option<Digest>> {
        if !self.sizes.contains(&body.n_bytes()) {
            return Ok(None);
        }
        let (digest, _) = Digest::of_all(body.reader())?;
        Ok(self.digests.get(&digest).copied())
    }
}

const MAIL_TYPE: &str = "message/rfc822";

/// The bytes of a revision, if it is a mail or a container.
fn body(
    archive: &Archive,
    (document, revision): (&Document, &Revision),
    name: &[u8],
) -> io::Result<Option<Body>> {
    let mut content = archive.read(document, revision).map_err(io::Error::other)?;
    let mut out = BodyWriter::new(tempfile::tempfile, u64::MAX);
    let mut is_known = name.ends_with(b".eml");
    while let Some(piece) = content.next_piece().map_err(io::Error::other)? {
        if !is_known && ContainerKind::of(&piece).is_none() {
            return Ok(None);
        }
        is_known = true;
        out.write_all(&piece)?;
    }
    Ok(Some(out.finish()))
}
