//! From what `GET /containers/{id}/json` answers to a [`Container`](super::Container).
