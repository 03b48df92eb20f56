//! The frames of packs that are sealed, and where else blobs are looked for that are not where they should be.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use crate::{
    backend::Backend,
    types::{digest::Key, error::Error, pack_id::PackId},
};

use super::{
    frame::{self, FrameError, Header},
    pack,
    place::{Place, Places},
    read::{Frames, describe},
};

/// The header of every frame with a single blob fits into this, and of most others.
const HEAD_BYTES: usize = 256;

/// The frames of packs that are sealed.
pub struct Sealed {
    backend: Arc<dyn Backend>,
    places: Rc<dyn Places>,
    others: Others,
}

/// What lies where no place is known of.
enum Others {
    /// Nobody relies on it.
    PassedOver,
    /// It is read where nothing else is left; none while that was not needed.
    Read(RefCell<Option<OtherPlaces>>),
}

#[derive(Default)]
struct OtherPlaces {
    by_key: HashMap<Key, Vec<Place>>,
    /// What may not be looked into.
    denial: Option<Error>,
}

impl Sealed {
    /// Frames read from `backend`, found through `places`, and nowhere else.
    pub fn new(backend: Arc<dyn Backend>, places: Rc<dyn Places>) -> Self {
        Self { backend, places, others: Others::PassedOver }
    }

    /// The same for whoever only reads: what cannot be had from where it should lie is looked for in all packs that
    /// are there. In a copy that is being brought up to date the old packs are condemned, or the new ones not
    /// spoken of, some commits before all of those that count are there; and who knows the places may be wrong.
    pub fn for_reading(backend: Arc<dyn Backend>, places: Rc<dyn Places>) -> Self {
        Self { backend, places, others: Others::Read(RefCell::default()) }
    }

    /// What lies in the packs that are there, where no place is known of. Of a pack that cannot be read, nothing.
    fn others(&self) -> OtherPlaces {
        let mut others = OtherPlaces::default();
        let objects = self.backend.list("packs").unwrap_or_else(|error| {
            others.denial = error.denial();
            Vec::new()
        });
        for pack in objects.iter().filter_map(|object| PackId::of_object(&object.name)) {
            let frames = pack::directory(&*self.backend, &pack).unwrap_or_else(|error| {
                others.denial = others.denial.take().or_else(|| error.denial());
                Vec::new()
            });
            for (key, place) in pack::places(pack, &frames) {
                if !self.places.places(key).is_ok_and(|known| known.contains(&place)) {
                    others.by_key.entry(key).or_default().push(place);
                }
            }
        }
        others
    }
}

impl Frames for Sealed {
    fn places(&self, key: Key) -> Result<Vec<Place>, Error> {
        let mut places = self.places.places(key)?;
        if let Others::Read(others) = &self.others {
            let others = others.borrow();
            places.extend(others.iter().filter_map(|others| others.by_key.get(&key)).flatten());
        }
        Ok(places)
    }

    fn refresh(&self) -> Result<(), Error> {
        self.places.refresh();
        let Others::Read(others) = &self.others else { return Ok(()) };
        let mut others = others.borrow_mut();
        let others = others.get_or_insert_with(|| self.others());
        others.denial.as_ref().and_then(Error::denial).map_or(Ok(()), Err)
    }

    fn frame(&self, place: &Place) -> Result<Vec<u8>, Error> {
        let name = place.pack.object_name();
        self.backend.read_range(&name, u64::from(place.offset), place.n_bytes as usize)
    }

    fn header(&self, place: &Place) -> Result<Header, Error> {
        let n_frame = place.n_bytes as usize;
        let n_head = n_frame.min(HEAD_BYTES);
        let name = place.pack.object_name();
        let head = self.backend.read_range(&name, u64::from(place.offset), n_head)?;
        let peeked = match frame::peek(&head) {
            Err(FrameError::Short) if n_head < n_frame => frame::peek(&self.frame(place)?),
            peeked => peeked,
        };
        match peeked {
            Ok((header, n_bytes)) if n_bytes == n_frame => Ok(header),
            Ok(_) => Err(Error::damaged(describe(place), "its header states another length")),
            Err(why) => Err(Error::damaged(describe(place), why.to_string())),
        }
    }
}
