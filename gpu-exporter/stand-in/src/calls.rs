//! The calls themselves, by what they are about. They all go through `enter.rs`, which counts them and
//! plays what the script wants to go wrong.

mod enter;
mod events;
mod fields;
mod gpm;
mod gpu;
mod identity;
mod library;
mod links;
mod out;
mod processes;
