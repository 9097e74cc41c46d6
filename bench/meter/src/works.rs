//! Pieces of work that can be done again and again.

pub mod answers;
pub mod entries;
pub mod events;
pub mod requests;
pub mod scrapes;

use std::fmt;

/// A piece of work.
pub struct Work {
    /// What it is. Its record has the same name.
    pub name: String,
    /// The name of a work that it is laid beside.
    pub against: Option<String>,
    /// How often callgrind sees it: enough for what comes only once in a while, a buffer that grows say.
    pub repetitions: usize,
    /// What it needs is made only by [`begin`](Self::begin), which is not counted.
    begin: Box<dyn Fn() -> Begun + Send + Sync>,
}

/// A piece of work that everything is ready for.
pub struct Begun {
    /// Of what it is about, so many are done by one repetition: events of a burst, series of a scrape.
    pub units: usize,
    /// Bytes that one repetition reads or writes; 0 where it is not about bytes.
    pub bytes: usize,
    /// One repetition.
    pub once: Box<dyn FnMut()>,
}

impl Work {
    fn new(
        name: impl Into<String>,
        repetitions: usize,
        begin: impl Fn() -> Begun + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), against: None, repetitions, begin: Box::new(begin) }
    }

    fn against(mut self, other: impl Into<String>) -> Self {
        self.against = Some(other.into());
        self
    }

    /// Whether it is not Weir's own, and only there for one of `works` to be laid beside.
    pub fn is_only_compared_with(&self, works: &[Self]) -> bool {
        self.against.is_none() && works.iter().any(|work| work.against.as_ref() == Some(&self.name))
    }

    /// Makes everything ready.
    pub fn begin(&self) -> Begun {
        (self.begin)()
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Begun {
    fn new(bytes: usize, once: impl FnMut() + 'static) -> Self {
        Self { units: 1, bytes, once: Box::new(once) }
    }

    fn of(mut self, units: usize) -> Self {
        self.units = units;
        self
    }
}

/// All of them.
pub fn all() -> Vec<Work> {
    let groups = [requests::all(), answers::all(), events::all(), entries::all(), scrapes::all()];
    groups.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
