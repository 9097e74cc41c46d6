//! `proxy.idle_series`: after how long a model that nobody asks for is forgotten.

use std::time::Duration;

use weir_daemon::config::{ConfigError, Loaded};

use super::super::raw::RawProxy;
use super::super::{Listener, RouteConfig};

/// Shorter than that, and every pause of the traffic would be a reset of its counters.
const SHORTEST: Duration = Duration::from_secs(60);

pub(super) fn idle_series(
    loaded: &Loaded<RawProxy>,
    listeners: &[Listener],
) -> Result<Option<Duration>, ConfigError> {
    let found = loaded.value.idle_series;
    let idle = found.duration();
    if idle.is_zero() {
        return Ok(None);
    }
    let invalid = |expected| Err(loaded.invalid("proxy.idle_series", found, expected));
    if idle < SHORTEST {
        return invalid("1m or more, or 0s for never".to_owned());
    }
    let routes = listeners.iter().flat_map(|listener| &listener.routes);
    let polled: Option<&RouteConfig> = routes.max_by_key(|route| route.poll_models);
    if let Some(route) = polled
        && route.poll_models.is_some_and(|every| every >= idle)
    {
        let name = &route.name;
        return invalid(format!(
            "more than poll_models of route {name}, or 0s for never: names would come and go"
        ));
    }
    Ok(Some(idle))
}

#[cfg(test)]
mod tests {
    use weir_daemon::config::Layers;

    use super::*;
    use crate::Config;

    fn load(idle: &str, poll: &str) -> Result<Option<Duration>, String> {
        let file = format!(
            "[proxy]\nidle_series = \"{idle}\"\n\
             [[proxy.routes]]\nname = \"a\"\nupstream = \"http://h\"\npoll_models = \"{poll}\"\n"
        );
        let name = format!("weir-idle-series-{}-{idle}-{poll}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, file).unwrap();
        let loaded = Config::load(&Layers::new().with_file(&path));
        std::fs::remove_file(path).unwrap();
        loaded.map(|config| config.idle_series).map_err(|error| error.to_string())
    }

    #[test]
    fn never_or_long_enough() {
        assert_eq!(load("0s", "30s"), Ok(None));
        assert_eq!(load("24h", "30s"), Ok(Some(Duration::from_secs(24 * 3600))));
        assert_eq!(load("1m", "0s"), Ok(Some(SHORTEST)));
        let short = load("59s", "30s").unwrap_err();
        assert!(short.contains("proxy.idle_series = 59s: expected 1m or more, or 0s"), "{short}");
        let polled = load("2m", "2m").unwrap_err();
        assert!(polled.contains("more than poll_models of route a"), "{polled}");
    }
}
