//! An engine's own metrics, under one set of names whatever its version.
