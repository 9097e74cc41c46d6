//! What the fuzz targets share: ways to cut, calls to an exchange, and what must hold of them.
//!
//! A target takes its input as it is (a stream, a body, a list of calls), so that the files of the
//! corpus are seeds; whatever else it has to choose follows from [`dice`], which the input throws.

pub mod calls;
pub mod dice;
pub mod head;
pub mod memory;
pub mod passed;
pub mod play;
pub mod said;
pub mod sound;

#[path = "../../crates/wire/tests/meter/standard.rs"]
mod standard;

/// Names and data of the events of a stream, by a plain reading of the HTML Standard.
pub fn by_the_standard(stream: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    standard::by_the_standard(stream)
}
