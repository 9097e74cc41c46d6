//! The container runtime's API, Docker's or podman's, through bollard: the one file that names it.
