//! What clients of the crowd do, and what must come of it.

pub(crate) mod answers;
pub(crate) mod faults;
pub(crate) mod leaving;
pub(crate) mod sessions;
