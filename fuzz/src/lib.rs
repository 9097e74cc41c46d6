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

#[path = "../../crates/wire/src/members/by_byte.rs"]
mod by_byte;
#[path = "../../crates/wire/tests/meter/standard.rs"]
mod standard;

/// Names and data of the events of a stream, by a plain reading of the HTML Standard.
pub fn by_the_standard(stream: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    standard::by_the_standard(stream)
}

/// A key and a value, as they stand in a body.
pub type Member = (Vec<u8>, Vec<u8>);

/// The members of a body that should be a JSON object, read byte by byte; and whether it is there
/// whole. Of a body that breaks off the last value may lack its end.
pub fn members_by_byte(body: &[u8]) -> (Vec<Member>, bool) {
    let reading = by_byte::read(body);
    let is_whole = reading.end.is_some() && !reading.is_invalid;
    (reading.members, is_whole)
}
