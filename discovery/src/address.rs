//! Where a container's port is reached from here.
