//! Which GPUs a container was given.
