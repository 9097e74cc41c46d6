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

/// One value, as far as it has come.
#[derive(Clone, Debug, Default)]
pub(crate) enum Slot {
    #[default]
    Absent,
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

/// A slot for each wanted value; there is no memory for them before the first comes.
#[derive(Debug)]
pub(crate) struct Kept {
    wanted: &'static [Wanted],
    slots: Vec<Slot>,
}

impl Kept {
    pub(crate) fn new(wanted: &'static [Wanted]) -> Self {
        Self { wanted, slots: Vec::new() }
    }

    pub(crate) fn restart(&mut self) {
        self.slots.clear();
    }

    /// The index of a wanted name.
    pub(crate) fn index_of(&self, name: &[u8]) -> Option<usize> {
        self.wanted.iter().position(|wanted| wanted.name.as_bytes() == name)
    }

    pub(crate) fn limit(&self, index: usize) -> usize {
        self.wanted[index].limit
    }

    pub(crate) fn set(&mut self, index: usize, slot: Slot) {
        self.slots.resize(self.wanted.len(), Slot::Absent);
        self.slots[index] = slot;
    }

    /// Keeps more of a value that has begun.
    pub(crate) fn keep(&mut self, index: usize, bytes: &[u8]) {
        let limit = self.limit(index);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.keep(bytes, limit);
        }
    }

    pub(crate) fn get(&self, name: &str) -> Found<'_> {
        let index = self.index_of(name.as_bytes());
        match index.and_then(|index| self.slots.get(index)) {
            None | Some(Slot::Absent) => Found::Absent,
            Some(Slot::TooLarge) => Found::TooLarge,
            Some(Slot::Value(value)) => Found::Value(value),
        }
    }

    pub(crate) fn has_too_large(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot, Slot::TooLarge))
    }

    /// Bytes that are kept.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.slots.iter().map(Slot::bytes).sum()
    }
}

#[cfg(test)]
impl Slot {
    pub(crate) fn bytes(&self) -> usize {
        if let Self::Value(value) = self { value.len() } else { 0 }
    }
}
