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

/// The configuration: the edge listener in front of the gateway, the engine listener with a route to each engine.
pub(crate) fn config(addresses: Addresses, gateway: &str, routes: &[RouteLine<'_>]) -> String {
    let Addresses { edge, engine, admin } = addresses;
    // The grace is shorter than the time after which the demo kills the proxy. Unless somebody asks there, nothing is
    // known of the edge: rules take the hop at which clients ask, and that is the edge where one is known.
    let mut text = format!(
        "[proxy]\nedge = \"{edge}\"\nengine = \"{engine}\"\nadmin = \"{admin}\"\n\
         hop_header = true\ndrain_grace = \"2s\"\n\n\
         [[proxy.routes]]\nname = \"gateway\"\nhop = \"edge\"\nupstream = \"{gateway}\"\npoll_models = \"0s\"\n"
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
        let addresses = Addresses { edge: local(1), engine: local(2), admin: local(3) };
        let route = RouteLine { name: "a", upstream: "http://127.0.0.1:4", model: "m" };
        let text = config(addresses, "http://127.0.0.1:5", &[route]);
        assert_eq!(
            text.parse::<toml::Table>().unwrap(),
            toml::toml! {
                [proxy]
                edge = "127.0.0.1:1"
                engine = "127.0.0.1:2"
                admin = "127.0.0.1:3"
                hop_header = true
                drain_grace = "2s"
                [[proxy.routes]]
                name = "gateway"
                hop = "edge"
                upstream = "http://127.0.0.1:5"
                poll_models = "0s"
                [[proxy.routes]]
                name = "a"
                upstream = "http://127.0.0.1:4"
                models = ["m"]
            }
        );
    }
}
