//! A stand-in for `libnvidia-ml.so.1`: the calls of NVML that the exporter makes, answered from a script.
//!
//! The exporter's tests build it, put it into a folder under the driver's name and start the real binary
//! with `LD_LIBRARY_PATH`: so the real nvml-wrapper is what gets tested, on machines without a GPU. The
//! script is a JSON file that the environment variable `WEIR_NVML_STAND_IN` names (`script.rs` says what
//! it holds; without it there are eight busy H200s). It is read again whenever the file changed, so
//! a test can break the driver under a running exporter.

mod calls;
mod h200;
mod pause;
mod script;
mod stage;
mod wave;
