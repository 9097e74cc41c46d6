//! The proxy that is shown: its configuration, and its process.

use std::io;
use std::path::{Path, PathBuf};

use super::address::Addresses;
use super::child::{self, Child, ChildError};

/// A route to be written: its name, its upstream, its model.
pub(crate) struct RouteLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) upstream: &'a str,
    pub(crate) model: &'a str,
}

/// The program that was named, or the one beside this one.
pub(crate) fn program(named: Option<&Path>) -> io::Result<PathBuf> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => Ok(std::env::current_exe()?.with_file_name("weir-proxy")),
    }
}

/// Starts `program` with the configuration file `config`.
pub(crate) fn start(program: &Path, config: &Path) -> Result<Child, ChildError> {
    let mut command = child::weir(program);
    command.arg("--config").arg(config);
    Child::start("the proxy", command)
}

/// The configuration.
pub(crate) fn config(addresses: Addresses, routes: &[RouteLine<'_>]) -> String {
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
    fn it_is_told_its_addresses_and_its_routes() {
        let local = |port| ([127, 0, 0, 1], port).into();
        let addresses = Addresses { listener: local(1), admin: local(2) };
        let route = RouteLine { name: "a", upstream: "http://127.0.0.1:3", model: "m" };
        let text = config(addresses, &[route]);
        assert!(text.contains("engine = \"127.0.0.1:1\"") && text.contains("models = [\"m\"]"));
    }
}
