//! `weir-discovery`: reads the command line and the configuration, then serves until it is told to end.

fn main() {}
