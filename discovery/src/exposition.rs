//! From what is known to metrics: one file per group. Nothing is kept between scrapes.
