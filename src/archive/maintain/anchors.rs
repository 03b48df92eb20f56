//! Anchors: what time-stamping authorities say of the journal, asked for and recorded.

use crate::{
    archive::{
        Archive, WriteContext,
        commit::{ACT_TRIES_MAX, OTHERS},
        inspect::intervals::{Intervals, is_much_later},
    },
    journal::{
        Draft, ProvedTime,
        event::{Anchor, AnchorDetail, Detail, Event},
        merkle::TreeHead,
        note::Signer,
        time_token::{self, TimeToken},
    },
    types::{digest::Digest, error::Error, time::Timestamp},
};

/// An authority's answer about a checkpoint of this archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the token is about.
    pub head: TreeHead,
    /// The SHA-256 of that checkpoint.
    pub imprint: Digest,
    /// The time in the token.
    pub time: Timestamp,
    token: Vec<u8>,
    read: TimeToken,
}

/// An anchor as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnchor {
    /// What it proves.
    pub proved: ProvedTime,
    /// The root of the tree that its token is about.
    pub root: Digest,
    /// The token, in DER.
    pub token: Vec<u8>,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchored {
    /// It is recorded as this event.
    New(u64),
    /// It was already.
    Known(u64),
}

impl Answer {
    /// Whether it answers the request with this nonce.
    pub fn answers(&self, nonce: u64) -> bool {
        self.read.answers(nonce)
    }

    /// The SHA-256 of the token.
    pub fn token_digest(&self) -> Digest {
        Digest::of(&self.token)
    }
}

impl Archive {
    /// A request for a time token about the newest checkpoint, and the SHA-256 of that.
    pub fn anchor_request(&self, nonce: u64) -> (Vec<u8>, Digest) {
        let imprint = Digest::of(self.journal.note());
        (time_token::request(&imprint, nonce), imprint)
    }

    /// Reads an answer, which must be about a checkpoint of this archive; `shown` names it in messages.
    pub fn read_answer(&self, answer: &[u8], shown: &str) -> Result<Answer, Error> {
        let unfit =
            |why: time_token::BadToken| Error::usage(format!("{shown} is not added: {why}"));
        let token = time_token::token_in(answer).map_err(unfit)?;
        let read = TimeToken::parse(token).map_err(unfit)?;
        let (imprint, time) = (read.imprint, read.time);
        let head = self.journal.head_with_note(&imprint)?.ok_or_else(|| Error::Untrusted {
            why: format!(
                "{shown} is not added: it is about something else than a checkpoint of {}",
                self.origin()
            ),
        })?;
        Ok(Answer { head, imprint, time, token: token.to_vec(), read })
    }

    /// The anchors that hold, in order.
    ///
    /// One that cannot be read, or does not fit the journal, proves nothing; an audit names it.
    pub fn anchors(&self) -> Result<Vec<KeptAnchor>, Error> {
        let mut kept = Vec::new();
        for index in self.catalog.events_of_type("anchor")? {
            let entry = self.journal.entries(index..index + 1).next();
            let Some(Ok(entry)) = entry else { continue };
            let (Event::Anchor(anchor), Some(detail)) = (&entry.event, entry.detail) else {
                continue;
            };
            let Ok(Ok(proved)) = self.journal.proved_time(index, anchor, &detail) else { continue };
            let Detail::Anchor(AnchorDetail { token, .. }) = detail else { continue };
            kept.push(KeptAnchor { proved, root: anchor.root, token });
        }
        Ok(kept)
    }

    /// What the anchors prove of when events were recorded.
    pub fn intervals(&self) -> Result<Intervals, Error> {
        let proved: Vec<ProvedTime> = self.anchors()?.into_iter().map(|it| it.proved).collect();
        Ok(Intervals::of(&proved))
    }

    /// The signed checkpoint that an anchor is about.
    pub fn anchored_note(&self, anchor: &KeptAnchor) -> Result<Vec<u8>, Error> {
        let note = self.journal.note_at(anchor.proved.size)?;
        note.ok_or_else(|| Error::missing(format!("the commit of event {}", anchor.proved.size)))
    }

    /// Records an answer.
    pub fn add_anchor(
        &mut self,
        answer: &Answer,
        note: Option<&str>,
        signer: &Signer,
        context: &WriteContext,
        who: &str,
    ) -> Result<Anchored, Error> {
        let (_lock, mut edge) = self.begin(signer, who)?;
        for n_tries in 0..ACT_TRIES_MAX {
            if let Some(known) = self.known_or_fitting(answer, context.now)? {
                return Ok(Anchored::Known(known));
            }
            let act = context.act_detail(context.salts(n_tries).salt(0), note);
            let detail = Detail::Anchor(AnchorDetail { token: answer.token.clone(), act });
            let (at, TreeHead { size, root }) = (context.now, answer.head);
            let (time, token) = (answer.time, answer.token_digest());
            let draft = Draft::new(&detail, |detail| {
                Event::Anchor(Anchor { at, size, root, time, token, detail })
            })?;
            let index =
                self.commit_acts(&[draft], context.closing(n_tries, 1), &mut edge, signer)?;
            if let Some(index) = index {
                return Ok(Anchored::New(index));
            }
        }
        Err(Error::Busy { who: OTHERS.into() })
    }

    /// The event that has this answer already. Refused where what it says and what is recorded cannot both be true.
    fn known_or_fitting(&self, answer: &Answer, now: Timestamp) -> Result<Option<u64>, Error> {
        let refused = |why: String| Err(Error::usage(format!("the answer is not added: {why}")));
        let kept = self.anchors()?;
        if let Some(known) = kept.iter().find(|it| it.token == answer.token) {
            return Ok(Some(known.proved.event));
        }
        if is_much_later(answer.time, now) {
            return refused(format!(
                "its time is {}, and here it is {now}; one of the two clocks is wrong",
                answer.time
            ));
        }
        let covered = kept.iter().map(|it| &it.proved).filter(|it| it.event < answer.head.size);
        match covered.max_by_key(|it| it.time).filter(|it| is_much_later(it.time, answer.time)) {
            Some(before) => refused(format!(
                "its time is {}, and it covers event {} with a time token of {}",
                answer.time, before.event, before.time
            )),
            None => Ok(None),
        }
    }
}
