//! Following a container runtime: what containers there are, kept up to date.
