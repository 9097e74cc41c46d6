//! Maps that are searched on the way of a request.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// A map whose hash takes a third of the usual one's time. Keys that were made to collide can slow it down:
/// only for keys of which there is a bound, as there is of everything that becomes a label.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
