//! Values that are wanted of a body, kept within limits while it passes by.

/// A member or field whose value is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    /// Values of more bytes are not kept.
    pub(crate) limit: usize,
}

/// What was found of a wanted value. Of a repeated name the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    Absent,
    TooLarge,
    Value(&'a [u8]),
}

impl<'a> Found<'a> {
    pub(crate) fn value(self) -> Option<&'a [u8]> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::TooLarge => None,
        }
    }

    pub(crate) fn is_absent(self) -> bool {
        self == Found::Absent
    }
}

/// One value by itself, as far as it has come.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    TooLarge,
    Value(Vec<u8>),
}

impl Slot {
    /// A value of which nothing has come yet.
    pub(crate) fn begun() -> Self {
        Self::Value(Vec::new())
    }

    /// Keeps more of it, up to the limit.
    pub(crate) fn keep(&mut self, bytes: &[u8], limit: usize) {
        let Self::Value(value) = self else { return };
        if value.len() + bytes.len() > limit {
            *self = Self::TooLarge;
        } else {
            value.extend_from_slice(bytes);
        }
    }
}

/// Where a value is among those that are kept.
#[derive(Clone, Copy, Debug)]
enum Place {
    Absent,
    TooLarge,
    At { start: usize, len: usize },
}

/// Bytes of values that were overruled by later ones of their names, which may lie between the others.
const WASTE: usize = 1 << 10;

/// The first allocation, which is most often the last: what is kept of a request, or of an answer of
/// one choice.
const ROOM: usize = 1 << 10;

/// The wanted values, one behind another; there is no memory for them before the first comes.
#[derive(Debug)]
pub(crate) struct Kept {
    wanted: &'static [Wanted],
    places: Vec<Place>,
    bytes: Vec<u8>,
    waste: usize,
}

impl Kept {
    pub(crate) fn new(wanted: &'static [Wanted]) -> Self {
        Self { wanted, places: Vec::new(), bytes: Vec::new(), waste: 0 }
    }

    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.wanted);
    }

    pub(crate) fn wanted(&self) -> &'static [Wanted] {
        self.wanted
    }

    /// The index of a wanted name.
    pub(crate) fn index_of(&self, name: &[u8]) -> Option<usize> {
        self.wanted.iter().position(|wanted| {
            let wanted = wanted.name.as_bytes();
            // Most are told apart before a call compares them.
            wanted.len() == name.len() && wanted.first() == name.first() && wanted == name
        })
    }

    pub(crate) fn limit(&self, index: usize) -> usize {
        self.wanted[index].limit
    }

    /// A value comes, in place of an earlier one of its name.
    pub(crate) fn begin(&mut self, index: usize) {
        if self.places.is_empty() {
            self.places = vec![Place::Absent; self.wanted.len()];
        }
        if let Place::At { len, .. } = std::mem::replace(&mut self.places[index], Place::Absent) {
            self.waste += len;
            if self.waste > WASTE.max(self.bytes.len() / 2) {
                self.compact();
            }
        }
        self.places[index] = Place::At { start: self.bytes.len(), len: 0 };
    }

    /// Keeps more of the value that has begun last.
    pub(crate) fn keep(&mut self, index: usize, more: &[u8]) {
        let limit = self.limit(index);
        let Some(Place::At { start, len }) = self.places.get_mut(index) else { return };
        *len += more.len();
        if *len > limit {
            self.bytes.truncate(*start);
            self.places[index] = Place::TooLarge;
            return;
        }
        if self.bytes.capacity() == 0 {
            self.bytes = Vec::with_capacity(more.len().max(ROOM));
        }
        self.bytes.extend_from_slice(more);
    }

    /// Keeps a value that has come.
    pub(crate) fn set(&mut self, index: usize, slot: &Slot) {
        self.begin(index);
        match slot {
            Slot::TooLarge => self.places[index] = Place::TooLarge,
            Slot::Value(value) => self.keep(index, value),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Found<'_> {
        self.index_of(name.as_bytes()).map_or(Found::Absent, |index| self.at(index))
    }

    /// The value of the name with this index.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Found<'_> {
        match self.places.get(index) {
            None | Some(Place::Absent) => Found::Absent,
            Some(Place::TooLarge) => Found::TooLarge,
            Some(Place::At { start, len }) => Found::Value(&self.bytes[*start..start + len]),
        }
    }

    pub(crate) fn has_too_large(&self) -> bool {
        self.places.iter().any(|place| matches!(place, Place::TooLarge))
    }

    /// Gives back the bytes of values that were overruled.
    fn compact(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.waste + ROOM);
        for place in &mut self.places {
            if let Place::At { start, len } = place {
                let value = &self.bytes[*start..*start + *len];
                *start = bytes.len();
                bytes.extend_from_slice(value);
            }
        }
        self.bytes = bytes;
        self.waste = 0;
    }

    /// Bytes of values that count.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len() - self.waste
    }
}

#[cfg(test)]
impl Slot {
    pub(crate) fn bytes(&self) -> usize {
        if let Self::Value(value) = self { value.len() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[Wanted] = &[
        Wanted { name: "a", limit: 600 },
        Wanted { name: "b", limit: 3 },
        Wanted { name: "c", limit: 9 },
    ];

    #[test]
    fn values_that_come_again_and_again_take_no_more_room() {
        let mut kept = Kept::new(WANTED);
        kept.begin(2);
        kept.keep(2, b"first");
        for round in 0..10_000_usize {
            kept.begin(0);
            let value = vec![b'x'; round % 700];
            value.chunks(256).for_each(|part| kept.keep(0, part));
            kept.begin(1);
            kept.keep(1, b"1");
            kept.keep(1, b"2");
            let expected = if value.len() > 600 { Found::TooLarge } else { Found::Value(&value) };
            assert_eq!(kept.at(0), expected, "round {round}");
            assert_eq!(
                (kept.get("b"), kept.get("c")),
                (Found::Value(b"12"), Found::Value(b"first"))
            );
            assert!(kept.bytes.capacity() <= 8 << 10, "{} bytes", kept.bytes.capacity());
        }
        assert_eq!(kept.get("d"), Found::Absent);
    }
}
