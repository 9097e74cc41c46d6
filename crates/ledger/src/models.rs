//! The names that may become values of the `model` label, per route, and their bound.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

/// Label of a request that names no model.
pub(crate) const UNKNOWN: &str = "unknown";
/// Label of a request that names a model which has no label of its own.
pub(crate) const OTHER: &str = "other";

/// A longer name never becomes a label.
const NAME_BYTES: usize = 256;
/// Most names that a route takes from listings.
const LISTED_NAMES: usize = 1_000;
/// Most names that a route takes from requests.
const EARNED_NAMES: usize = 64;

/// Why a name may be a value of the `model` label; the stronger comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelOrigin {
    /// The configuration names it.
    Configured,
    /// Discovery or an answer to `/v1/models` named it; at most 1,000 per route.
    Listed,
    /// A request for it was answered with 2xx and ended well; at most 64 per route, so that they
    /// never take the place of the others.
    Earned,
}

impl ModelOrigin {
    /// `configured`, `listed` or `earned`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Listed => "listed",
            Self::Earned => "earned",
        }
    }

    /// Whether a name may be forgotten when nobody asks for it.
    const fn may_go(self) -> bool {
        !matches!(self, Self::Configured)
    }

    const fn most(self) -> usize {
        match self {
            Self::Configured => usize::MAX,
            Self::Listed => LISTED_NAMES,
            Self::Earned => EARNED_NAMES,
        }
    }
}

/// A name that may be forgotten.
pub(crate) struct Idler {
    pub(crate) name: Arc<str>,
    pub(crate) origin: ModelOrigin,
    /// A listing has named it lately.
    pub(crate) listed: bool,
}

/// What became of a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is a label from now on.
    New(Arc<str>),
    /// It was one already.
    Known,
    /// It is too long, empty, or there is no room.
    Refused,
}

/// The known names of one route.
#[derive(Default)]
pub(crate) struct Models {
    names: RwLock<Names>,
}

#[derive(Default)]
struct Names {
    known: HashMap<Arc<str>, Known>,
    /// How many there are of each origin.
    counts: [usize; 3],
}

struct Known {
    origin: ModelOrigin,
    /// A listing has named it since [`Models::idlers`] last looked.
    listed: AtomicBool,
}

impl Names {
    fn has_room(&self, origin: ModelOrigin) -> bool {
        self.counts[origin as usize] < origin.most()
    }

    /// What adding would come to if nothing had to be changed for it.
    fn already(&self, name: &str, origin: ModelOrigin) -> Option<Added> {
        match self.known.get(name) {
            Some(known) if known.origin <= origin || !self.has_room(origin) => {
                known.added_again(origin);
                Some(Added::Known)
            }
            None if !self.has_room(origin) => Some(Added::Refused),
            _ => None,
        }
    }

    fn insert(&mut self, name: &str, origin: ModelOrigin) -> Added {
        self.counts[origin as usize] += 1;
        if let Some(known) = self.known.get_mut(name) {
            self.counts[known.origin as usize] -= 1;
            known.origin = origin;
            known.added_again(origin);
            return Added::Known;
        }
        let label: Arc<str> = name.into();
        let listed = AtomicBool::new(origin == ModelOrigin::Listed);
        self.known.insert(Arc::clone(&label), Known { origin, listed });
        Added::New(label)
    }
}

impl Known {
    fn added_again(&self, origin: ModelOrigin) {
        if origin == ModelOrigin::Listed {
            self.listed.store(true, Ordering::Relaxed);
        }
    }
}

/// Whether a name could be a label at all. (An empty label is the same as none.)
pub(crate) fn fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES
}

impl Models {
    /// The label of a known name.
    pub(crate) fn label(&self, name: &str) -> Option<Arc<str>> {
        if !fits(name) {
            return None;
        }
        self.names.read().known.get_key_value(name).map(|(label, _)| Arc::clone(label))
    }

    /// Adds a name, or gives a known one a stronger origin.
    pub(crate) fn add(&self, name: &str, origin: ModelOrigin) -> Added {
        if !fits(name) {
            return Added::Refused;
        }
        // Listings repeat themselves and junk keeps coming: nearly every call ends here, without
        // the write lock.
        if let Some(added) = self.names.read().already(name, origin) {
            return added;
        }
        let mut names = self.names.write();
        names.already(name, origin).unwrap_or_else(|| names.insert(name, origin))
    }

    /// How many names are known.
    pub(crate) fn count(&self) -> usize {
        self.names.read().known.len()
    }

    /// Every name that may be forgotten, and whether a listing has named it since the last call.
    pub(crate) fn idlers(&self) -> Vec<Idler> {
        let names = self.names.read();
        let idlers = names.known.iter().filter(|(_, known)| known.origin.may_go());
        let idlers = idlers.map(|(name, known)| Idler {
            name: Arc::clone(name),
            origin: known.origin,
            listed: known.listed.swap(false, Ordering::Relaxed),
        });
        idlers.collect()
    }

    /// Forgets a name, whose place is free then; not one that has been listed or configured in
    /// the meantime. Returns whether it is gone.
    pub(crate) fn forget(&self, name: &str) -> bool {
        let mut names = self.names.write();
        let Some(known) = names.known.get(name) else { return false };
        let origin = known.origin;
        let goes = origin.may_go() && !known.listed.load(Ordering::Relaxed);
        if goes {
            names.known.remove(name);
            names.counts[origin as usize] -= 1;
        }
        goes
    }

    /// Every known name, in alphabetical order.
    pub(crate) fn all(&self) -> Vec<(String, ModelOrigin)> {
        let names = self.names.read();
        let mut all: Vec<_> =
            names.known.iter().map(|(name, known)| (name.to_string(), known.origin)).collect();
        all.sort();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_new(added: &Added) -> bool {
        matches!(added, Added::New(_))
    }

    #[test]
    fn earned_names_end_at_64_and_leave_room_for_others() {
        let models = Models::default();
        let earned = (0..1_000)
            .filter(|n| is_new(&models.add(&format!("junk-{n}"), ModelOrigin::Earned)))
            .count();
        assert_eq!(earned, 64);
        assert!(is_new(&models.add("real", ModelOrigin::Listed)));
        assert!(is_new(&models.add("wanted", ModelOrigin::Configured)));
        assert_eq!(models.count(), 66);
    }

    #[test]
    fn a_stronger_origin_frees_the_place_of_the_weaker() {
        let models = Models::default();
        for n in 0..EARNED_NAMES {
            models.add(&format!("m{n}"), ModelOrigin::Earned);
        }
        assert_eq!(models.add("late", ModelOrigin::Earned), Added::Refused);
        assert_eq!(models.add("m0", ModelOrigin::Listed), Added::Known);
        assert!(is_new(&models.add("late", ModelOrigin::Earned)));
        models.add("m0", ModelOrigin::Earned);
        assert!(models.all().contains(&("m0".to_owned(), ModelOrigin::Listed)), "never weaker");
    }

    #[test]
    fn a_forgotten_name_leaves_its_place() {
        let models = Models::default();
        models.add("wanted", ModelOrigin::Configured);
        models.add("listed", ModelOrigin::Listed);
        for n in 0..EARNED_NAMES {
            models.add(&format!("m{n}"), ModelOrigin::Earned);
        }
        assert!(!models.forget("wanted"), "the configuration names it");
        assert!(!models.forget("listed"), "it was listed, and nobody has looked since");
        let listed = models.idlers().into_iter().filter(|idler| idler.listed).count();
        assert_eq!(listed, 1);
        assert!(models.forget("listed") && !models.forget("listed"));
        assert!(models.forget("m0"));
        assert!(is_new(&models.add("late", ModelOrigin::Earned)));
        assert_eq!(models.add("later", ModelOrigin::Earned), Added::Refused);
    }

    #[test]
    fn listings_end_at_1000() {
        let models = Models::default();
        for n in 0..LISTED_NAMES {
            assert!(is_new(&models.add(&format!("m{n}"), ModelOrigin::Listed)));
        }
        assert_eq!(models.add("one-more", ModelOrigin::Listed), Added::Refused);
        assert_eq!(models.add("m7", ModelOrigin::Listed), Added::Known);
    }

    #[test]
    fn no_label_is_long_or_empty() {
        let models = Models::default();
        let longest = "x".repeat(NAME_BYTES);
        assert!(is_new(&models.add(&longest, ModelOrigin::Earned)));
        for name in ["", &"x".repeat(NAME_BYTES + 1)] {
            assert_eq!(models.add(name, ModelOrigin::Configured), Added::Refused);
            assert_eq!(models.label(name), None);
        }
        assert_eq!(models.label(&longest).as_deref(), Some(longest.as_str()));
    }
}
