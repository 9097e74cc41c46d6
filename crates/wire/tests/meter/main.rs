//! Tests of the whole meter: a corpus of recorded and hand-made exchanges (`tests/corpus`), every
//! cut of their bytes, and calls and bytes in any order.

#[cfg(test)]
mod case;
#[cfg(test)]
mod difference;
#[cfg(test)]
mod drive;
#[cfg(test)]
mod events;
#[cfg(test)]
mod expectation;
#[cfg(test)]
mod head;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod standard;

#[cfg(test)]
mod coded;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod cuts;
#[cfg(test)]
mod lag;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod random_bytes;
#[cfg(test)]
mod request_json;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod skimming;
#[cfg(test)]
mod sse_standard;
#[cfg(test)]
mod table;
#[cfg(test)]
mod times;
