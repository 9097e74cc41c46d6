//! From what is known to metrics: one file per group. Nothing is kept between scrapes.

pub mod container;
pub mod engine;
pub mod source;
