//! The proxy's configuration, in a directory of its own that goes when the demo ends.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::address::Addresses;

/// The file. Dropping it removes it.
pub(crate) struct ConfigFile {
    directory: PathBuf,
    path: PathBuf,
}

/// A route to be written: its name, its upstream, its model.
pub(crate) struct RouteLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) upstream: &'a str,
    pub(crate) model: &'a str,
}

impl ConfigFile {
    /// Writes it below the system's directory for temporary files.
    pub(crate) fn write(addresses: Addresses, routes: &[RouteLine<'_>]) -> io::Result<Self> {
        let moment = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("weir-demo-{}-{:x}", std::process::id(), moment.subsec_nanos());
        let directory = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&directory)?;
        let file = Self { path: directory.join("weir.toml"), directory };
        fs::write(&file.path, text(addresses, routes))?;
        Ok(file)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        // What cannot be removed is left for the system to tidy up.
        let _left = fs::remove_dir_all(&self.directory);
    }
}

fn text(addresses: Addresses, routes: &[RouteLine<'_>]) -> String {
    // The grace is shorter than the time after which the demo kills the proxy.
    let mut text = format!(
        "[proxy]\nengine = \"{}\"\nadmin = \"{}\"\ndrain_grace = \"2s\"\n",
        addresses.listener, addresses.admin
    );
    for RouteLine { name, upstream, model } in routes {
        text.push_str(&format!(
            "\n[[proxy.routes]]\nname = \"{name}\"\nupstream = \"{upstream}\"\nmodels = [\"{model}\"]\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_when_it_is_dropped() {
        let local = |port| ([127, 0, 0, 1], port).into();
        let addresses = Addresses { listener: local(1), admin: local(2) };
        let route = RouteLine { name: "a", upstream: "http://127.0.0.1:3", model: "m" };
        let file = ConfigFile::write(addresses, &[route]).unwrap();
        let path = file.path().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("engine = \"127.0.0.1:1\"") && text.contains("models = [\"m\"]"));
        drop(file);
        assert!(!path.parent().unwrap().exists());
    }
}
