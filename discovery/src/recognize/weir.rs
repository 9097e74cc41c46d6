//! Where Weir's own daemons are scraped.

use super::command::Launch;
use super::facts::Facts;
use super::options::Options;
use crate::container::Container;

/// A daemon's name, its option for the address of its metrics, the same as a variable, and its port.
const DAEMONS: [(&str, &str, &str, u16); 3] = [
    ("weir-proxy", "admin", "WEIR_PROXY__ADMIN", 9900),
    ("weir-discovery", "listen", "WEIR_DISCOVERY__LISTEN", 9901),
    ("weir-gpu-exporter", "listen", "WEIR_GPU_EXPORTER__LISTEN", 9445),
];

/// The proxy's, for images that do not say which daemon they run.
pub(super) const PORT: u16 = 9900;

/// From how it is started.
pub(super) fn facts(container: &Container, launch: Option<&Launch>) -> Facts {
    let mut facts = Facts { default_counts: true, ..Facts::default() };
    let named = |word: &str| {
        DAEMONS.iter().find(|daemon| word.rsplit('/').next().is_some_and(|name| name == daemon.0))
    };
    let image = container.image.split(['@', ':']).next().unwrap_or_default();
    let daemon = container.argv.iter().find_map(|word| named(word)).or_else(|| named(image));
    let Some((_, option, variable, port)) = daemon else {
        facts.default_counts = false;
        return facts;
    };
    facts.port = Some(*port);
    let options = Options::of(launch.map_or(&container.argv, |launch| &launch.arguments));
    let address = options.get(option).or_else(|| container.env.get(variable));
    let port = address.and_then(|address| Some(address.rsplit_once(':')?.1));
    facts.port(port, "address of its metrics");
    facts
}
