//! The library stays mapped when the exporter closes it and opens it again: a thread of the exporter may
//! still hang in one of its calls then, and it remembers which events it has told.

fn main() {
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
    println!("cargo::rerun-if-changed=build.rs");
}
