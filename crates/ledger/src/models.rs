//! The names that may become values of the `model` label, per route, and their bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use weir_wire::Endpoint;

use crate::idle::Traffic;
use crate::map::Map;
use crate::model::Model;
use crate::series::Series;

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
pub(crate) enum Added {
    /// It is a label from now on.
    New(Arc<Model>),
    /// It was one already.
    Known,
    /// It is too long, empty, or there is no room.
    Refused,
}

/// The known names of one route.
pub(crate) struct Models {
    names: RwLock<Names>,
    /// Of requests that name none.
    pub(crate) unknown: Arc<Model>,
    /// Of requests that name one which has no label of its own.
    pub(crate) other: Arc<Model>,
}

#[derive(Default)]
struct Names {
    known: Map<Arc<str>, Known>,
    /// How many there are of each origin.
    counts: [usize; 3],
}

struct Known {
    model: Arc<Model>,
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

    fn insert(
        &mut self,
        name: &str,
        origin: ModelOrigin,
        new: impl FnOnce() -> Arc<Model>,
    ) -> Added {
        self.counts[origin as usize] += 1;
        if let Some(known) = self.known.get_mut(name) {
            self.counts[known.origin as usize] -= 1;
            known.origin = origin;
            known.added_again(origin);
            return Added::Known;
        }
        let model = new();
        let listed = AtomicBool::new(origin == ModelOrigin::Listed);
        let known = Known { model: Arc::clone(&model), origin, listed };
        self.known.insert(Arc::clone(&model.label), known);
        Added::New(model)
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
    pub(crate) fn new() -> Self {
        let [unknown, other] = [UNKNOWN, OTHER].map(|label| Arc::new(Model::new(label)));
        Self { names: RwLock::default(), unknown, other }
    }

    /// Does something with the model that a request names; `None` if that name has no label of its own.
    /// Meanwhile it is not forgotten, and no other may be asked for.
    pub(crate) fn with<T>(
        &self,
        name: Option<&str>,
        work: impl FnOnce(Option<&Arc<Model>>) -> T,
    ) -> T {
        match name {
            // An empty label value is the same as no label.
            None | Some("") => work(Some(&self.unknown)),
            Some(name) if fits(name) => {
                let names = self.names.read();
                work(names.known.get(name).map(|known| &known.model))
            }
            Some(_) => work(None),
        }
    }

    /// Whether these series are those of a model that has not been forgotten.
    pub(crate) fn have(&self, endpoint: Endpoint, series: &Arc<Series>) -> bool {
        let has = |model: &Model| model.has(endpoint, series);
        let is_known = || {
            let names = self.names.read();
            names.known.get(&series.labels.model).is_some_and(|known| has(&known.model))
        };
        has(&self.unknown) || has(&self.other) || is_known()
    }

    /// Whether a model stays when its name is forgotten: one may be called like those that have none.
    pub(crate) fn stays(&self, model: &Arc<Model>) -> bool {
        [&self.unknown, &self.other].into_iter().any(|own| Arc::ptr_eq(own, model))
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
        names
            .already(name, origin)
            .unwrap_or_else(|| names.insert(name, origin, || self.new_model(name)))
    }

    fn new_model(&self, name: &str) -> Arc<Model> {
        let namesake = [&self.unknown, &self.other].into_iter().find(|own| *own.label == *name);
        namesake.map_or_else(|| Arc::new(Model::new(name)), Arc::clone)
    }

    /// Why a name is known, if it is.
    pub(crate) fn origin(&self, name: &str) -> Option<ModelOrigin> {
        self.names.read().known.get(name).map(|known| known.origin)
    }

    /// How many names are known.
    pub(crate) fn count(&self) -> usize {
        self.names.read().known.len()
    }

    /// Every name that may be forgotten, its requests, and whether a listing has named it since the last
    /// call.
    pub(crate) fn idlers(&self) -> Vec<(Idler, Traffic)> {
        let names = self.names.read();
        let idlers = names.known.iter().filter(|(_, known)| known.origin.may_go());
        let idlers = idlers.map(|(name, known)| {
            let idler = Idler {
                name: Arc::clone(name),
                origin: known.origin,
                listed: known.listed.swap(false, Ordering::Relaxed),
            };
            (idler, known.model.traffic())
        });
        idlers.collect()
    }

    /// Forgets a name, whose place is free then; not one that has been listed or configured in the
    /// meantime, or has had other traffic than `traffic`. Returns the model if its name is gone.
    pub(crate) fn forget(&self, name: &str, traffic: Traffic) -> Option<Arc<Model>> {
        // While this is held no request finds it.
        let mut names = self.names.write();
        let Known { model, origin, listed } = names.known.get(name)?;
        let goes = origin.may_go() && !listed.load(Ordering::Relaxed) && model.traffic() == traffic;
        if !goes {
            return None;
        }
        let known = names.known.remove(name)?;
        names.counts[known.origin as usize] -= 1;
        Some(known.model)
    }

    /// Every model, those without a name of their own too.
    pub(crate) fn each(&self) -> Vec<Arc<Model>> {
        let names = self.names.read();
        let known =
            names.known.values().map(|known| &known.model).filter(|model| !self.stays(model));
        known.chain([&self.unknown, &self.other]).cloned().collect()
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

    const QUIET: Traffic = (0, 0);

    fn is_new(added: &Added) -> bool {
        matches!(added, Added::New(_))
    }

    fn is_refused(added: &Added) -> bool {
        matches!(added, Added::Refused)
    }

    fn label(models: &Models, name: &str) -> Option<Arc<str>> {
        models.with(Some(name), |model| model.map(|model| Arc::clone(&model.label)))
    }

    #[test]
    fn earned_names_end_at_64_and_leave_room_for_others() {
        let models = Models::new();
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
        let models = Models::new();
        for n in 0..EARNED_NAMES {
            models.add(&format!("m{n}"), ModelOrigin::Earned);
        }
        assert!(is_refused(&models.add("late", ModelOrigin::Earned)));
        assert!(matches!(models.add("m0", ModelOrigin::Listed), Added::Known));
        assert!(is_new(&models.add("late", ModelOrigin::Earned)));
        models.add("m0", ModelOrigin::Earned);
        assert!(models.all().contains(&("m0".to_owned(), ModelOrigin::Listed)), "never weaker");
    }

    #[test]
    fn a_forgotten_name_leaves_its_place() {
        let models = Models::new();
        models.add("wanted", ModelOrigin::Configured);
        models.add("listed", ModelOrigin::Listed);
        for n in 0..EARNED_NAMES {
            models.add(&format!("m{n}"), ModelOrigin::Earned);
        }
        let forget = |name| models.forget(name, QUIET).is_some();
        assert!(!forget("wanted"), "the configuration names it");
        assert!(!forget("listed"), "it was listed, and nobody has looked since");
        let listed = models.idlers().into_iter().filter(|(idler, _)| idler.listed).count();
        assert_eq!(listed, 1);
        assert!(models.forget("listed", (1, 1)).is_none(), "it was asked for since");
        assert!(forget("listed") && !forget("listed"));
        assert!(forget("m0"));
        assert!(is_new(&models.add("late", ModelOrigin::Earned)));
        assert!(is_refused(&models.add("later", ModelOrigin::Earned)));
    }

    #[test]
    fn listings_end_at_1000() {
        let models = Models::new();
        for n in 0..LISTED_NAMES {
            assert!(is_new(&models.add(&format!("m{n}"), ModelOrigin::Listed)));
        }
        assert!(is_refused(&models.add("one-more", ModelOrigin::Listed)));
        assert!(matches!(models.add("m7", ModelOrigin::Listed), Added::Known));
    }

    #[test]
    fn no_label_is_long_or_empty() {
        let models = Models::new();
        let longest = "x".repeat(NAME_BYTES);
        assert!(is_new(&models.add(&longest, ModelOrigin::Earned)));
        for name in ["", &"x".repeat(NAME_BYTES + 1)] {
            assert!(is_refused(&models.add(name, ModelOrigin::Configured)));
            assert_ne!(label(&models, name).as_deref(), Some(name));
        }
        assert_eq!(label(&models, &longest).as_deref(), Some(longest.as_str()));
    }
}
