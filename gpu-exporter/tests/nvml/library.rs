//! Builds the stand-in, and puts copies of it where a process finds them as the driver's library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the driver's library is called.
pub(crate) const NAME: &str = "libnvidia-ml.so.1";

/// The exporter's binary.
pub(crate) const EXPORTER: &str = env!("CARGO_BIN_EXE_weir-gpu-exporter");

/// Puts the stand-in into a folder under the driver's name. Cargo builds no shared library for a test by
/// itself, so it is asked to; once built, that takes no time.
pub(crate) fn install(folder: &Path) {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    std::fs::copy(BUILT.get_or_init(build), folder.join(NAME)).unwrap();
}

/// The same without these functions, as in the library of an older driver.
///
/// The loader finds a function by the hash of its name and then compares the name: with another letter in
/// it, there is nothing any more that it finds.
pub(crate) fn install_without(folder: &Path, functions: &[&str]) {
    install(folder);
    let path = folder.join(NAME);
    let mut library = std::fs::read(&path).unwrap();
    for function in functions {
        let name: Vec<u8> = [b"\0", function.as_bytes(), b"\0"].concat();
        let places = library.windows(name.len()).enumerate();
        let found: Vec<usize> =
            places.filter(|(_, bytes)| *bytes == name).map(|(place, _)| place).collect();
        assert!(!found.is_empty(), "{function} is not in the stand-in");
        found.iter().for_each(|place| library[place + 1] = b'x');
    }
    std::fs::write(&path, library).unwrap();
}

fn build() -> PathBuf {
    let profile = Path::new(EXPORTER).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--package", "weir-nvml-stand-in"]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(cargo.status().unwrap().success(), "the stand-in can't be built");
    profile.join("libweir_nvml_stand_in.so")
}
