//! What is given to the meter: as clients and vLLM (0.32.0 where recorded) send it.

pub(crate) mod answers;
pub(crate) mod events;
pub(crate) mod requests;
