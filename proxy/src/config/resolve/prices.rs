//! From `[[proxy.prices]]` and `proxy.cost` to prices.

use weir_daemon::config::{ConfigError, Loaded};
use weir_ledger::Hop;

use super::may_name_a_route;
use crate::config::Listener;
use crate::config::raw::{RawCost, RawPrice, RawProxy};
use crate::price::{CostHop, Price, Prices};

/// More would be a slip of the pen, and each is looked at when a request ends.
const MOST_PRICES: usize = 1_000;

/// US dollars for a million tokens: more would be 10 cents for each.
const DEAREST: f64 = 100_000.0;

/// Less, but not nothing, is what one token costs somewhere, and not a million.
const CHEAPEST: f64 = 0.000_1;

pub(super) fn prices(
    loaded: &Loaded<RawProxy>,
    listeners: &[Listener],
) -> Result<Prices, ConfigError> {
    let raw = &loaded.value;
    let hop = match raw.cost {
        None => CostHop::Auto,
        Some(RawCost::Edge) => CostHop::Only(Hop::Edge),
        Some(RawCost::Engine) => CostHop::Only(Hop::Engine),
        Some(RawCost::Off) => CostHop::Off,
    };
    if raw.prices.len() > MOST_PRICES {
        let found = format!("{} prices", raw.prices.len());
        return Err(loaded.invalid("proxy.prices", found, format!("at most {MOST_PRICES}")));
    }
    let mut list: Vec<Price> = Vec::with_capacity(raw.prices.len());
    for (index, raw) in raw.prices.iter().enumerate() {
        let key = format!("proxy.prices.{index}");
        check_model(loaded, &key, raw)?;
        check_route(loaded, &key, raw, listeners, hop)?;
        check_numbers(loaded, &key, raw)?;
        if list.iter().any(|old| old.model == raw.model && old.route == raw.route) {
            let expected = "a model and route that no other price has";
            return Err(loaded.invalid(&format!("{key}.model"), &raw.model, expected));
        }
        let RawPrice { model, route, input, output, cached_input, cache_write_input } = raw;
        list.push(Price {
            model: model.clone(),
            route: route.clone(),
            input: *input,
            output: *output,
            cached_input: *cached_input,
            cache_write_input: *cache_write_input,
        });
    }
    Ok(Prices { list, hop })
}

fn check_model(loaded: &Loaded<RawProxy>, key: &str, raw: &RawPrice) -> Result<(), ConfigError> {
    let longest = weir_wire::Limits::default().model_bytes;
    let name = raw.model.strip_suffix('*').unwrap_or(&raw.model);
    if raw.model.is_empty() || name.len() > longest || name.contains('*') {
        let expected = format!(
            "1 to {longest} bytes: the name of a model, or the beginning of names and a * behind it"
        );
        return Err(loaded.invalid(&format!("{key}.model"), &raw.model, expected));
    }
    Ok(())
}

/// A price for a route where no costs are counted would silently mean nothing.
fn check_route(
    loaded: &Loaded<RawProxy>,
    key: &str,
    raw: &RawPrice,
    listeners: &[Listener],
    hop: CostHop,
) -> Result<(), ConfigError> {
    let Some(name) = &raw.route else { return Ok(()) };
    let routes = || listeners.iter().flat_map(|listener| &listener.routes);
    let counted = hop.among(routes().map(|route| route.hop));
    let configured = routes().find(|route| route.name == *name);
    let is_counted = |hop| counted.is_none_or(|counted| counted == hop);
    let is_right = match configured {
        Some(route) => is_counted(route.hop),
        // Discovery may name it one day.
        None => {
            loaded.value.discovery.is_some() && is_counted(Hop::Engine) && may_name_a_route(name)
        }
    };
    if is_right {
        return Ok(());
    }
    let expected = match counted {
        Some(hop) => {
            let hop = hop.as_str();
            format!("the name of a route of hop {hop}, where costs are counted (proxy.cost)")
        }
        None => "the name of a route".to_owned(),
    };
    Err(loaded.invalid(&format!("{key}.route"), name, expected))
}

fn check_numbers(loaded: &Loaded<RawProxy>, key: &str, raw: &RawPrice) -> Result<(), ConfigError> {
    for (name, price) in [
        ("input", Some(raw.input)),
        ("output", Some(raw.output)),
        ("cached_input", raw.cached_input),
        ("cache_write_input", raw.cache_write_input),
    ] {
        let Some(price) = price else { continue };
        // Not a number is neither.
        if !(price == 0.0 || (CHEAPEST..=DEAREST).contains(&price)) {
            let expected = format!(
                "US dollars for a million tokens: 0, or {CHEAPEST} to {DEAREST}, such as 2.5"
            );
            return Err(loaded.invalid(&format!("{key}.{name}"), price, expected));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use weir_daemon::config::Layers;

    use super::*;
    use crate::Config;

    const EDGE: &str =
        "[[proxy.routes]]\nname = \"lite\"\nhop = \"edge\"\nupstream = \"http://h\"\n";
    const ENGINE: &str = "[[proxy.routes]]\nname = \"llama\"\nupstream = \"http://h\"\n";
    const DISCOVERY: &str = "[proxy.discovery]\nurl = \"http://127.0.0.1:9901\"\n";

    fn load(text: &str) -> Result<Prices, String> {
        static FILES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = FILES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("weir-prices-{}-{number}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let loaded = Config::load(&Layers::new().with_file(&path));
        std::fs::remove_file(path).unwrap();
        loaded.map(|config| (*config.prices).clone()).map_err(|error| error.to_string())
    }

    fn price(keys: &str) -> String {
        format!("[[proxy.prices]]\n{keys}\n")
    }

    /// What is said of a single price beside a route of each hop.
    fn error(keys: &str) -> String {
        load(&(price(keys) + EDGE + ENGINE)).unwrap_err()
    }

    #[test]
    fn prices_are_numbers_whole_or_not() {
        let one = price("model = \"gpt-4o*\"\nroute = \"lite\"\ninput = 2.5\noutput = 10");
        let two = price("model = \"local\"\ninput = 0\noutput = 0.0\ncached_input = 0.0001");
        let prices = load(&(one + &two + EDGE)).unwrap();
        let expected = Price {
            model: "gpt-4o*".to_owned(),
            route: Some("lite".to_owned()),
            input: 2.5,
            output: 10.0,
            cached_input: None,
            cache_write_input: None,
        };
        assert_eq!((prices.hop, &prices.list[0]), (CostHop::Auto, &expected));
        assert_eq!(prices.list[1].cached_input, Some(0.000_1));
        assert_eq!(load(EDGE).unwrap(), Prices::default());
    }

    #[test]
    fn what_cannot_be_a_price_is_refused() {
        for wrong in ["-1", "nan", "inf", "-inf", "1e300", "100001", "0.0000025"] {
            let message = error(&format!("model = \"m\"\ninput = {wrong}\noutput = 1"));
            assert!(message.contains("proxy.prices.0.input = "), "{message}");
            assert!(
                message.contains("expected US dollars for a million tokens: 0, or"),
                "{message}"
            );
            let keys = format!("model = \"m\"\ninput = 1\noutput = 1\ncache_write_input = {wrong}");
            assert!(error(&keys).contains("proxy.prices.0.cache_write_input = "), "{wrong}");
        }
        assert!(error("model = \"m\"\ninput = 1").contains("output"), "both are needed");
        assert!(error("model = \"m\"\ninput = \"1\"\noutput = 1").contains("proxy.prices.0.input"));
        assert!(error("model = \"m\"\ninput = 1\noutput = 1\nreasoning = 1").contains("reasoning"));
    }

    #[test]
    fn a_star_stands_at_the_end() {
        for wrong in ["", "gpt*4o", "*gpt", "**", &"m".repeat(300)] {
            let message = error(&format!("model = \"{wrong}\"\ninput = 1\noutput = 1"));
            assert!(message.contains("proxy.prices.0.model = "), "{message}");
        }
        let all = price("model = \"*\"\ninput = 1\noutput = 1");
        assert_eq!(load(&(all + ENGINE)).unwrap().list.len(), 1);
    }

    #[test]
    fn no_two_are_for_the_same() {
        let one = price("model = \"m\"\ninput = 1\noutput = 1");
        let message = load(&(one.clone() + &one + ENGINE)).unwrap_err();
        assert!(
            message.contains("proxy.prices.1.model = m: expected a model and route"),
            "{message}"
        );
        let of_route = price("model = \"m\"\nroute = \"llama\"\ninput = 1\noutput = 1");
        assert_eq!(load(&(one + &of_route + ENGINE)).unwrap().list.len(), 2);
        let many = (0..1001).map(|n| price(&format!("model = \"{n}\"\ninput = 1\noutput = 1")));
        let message = load(&(many.collect::<String>() + ENGINE)).unwrap_err();
        assert!(message.contains("proxy.prices = 1001 prices: expected at most 1000"), "{message}");
    }

    #[test]
    fn a_route_is_one_where_costs_are_counted() {
        let of =
            |route| price(&format!("model = \"m\"\nroute = \"{route}\"\ninput = 1\noutput = 1"));
        let both = EDGE.to_owned() + ENGINE;
        let message = load(&(of("llama") + &both)).unwrap_err();
        assert!(
            message.contains(
                "proxy.prices.0.route = llama: expected the name of a route of hop edge, where \
                 costs are counted (proxy.cost)"
            ),
            "{message}"
        );
        let engine = "[proxy]\ncost = \"engine\"\n";
        assert!(load(&(engine.to_owned() + &of("llama") + &both)).is_ok());
        assert!(load(&(engine.to_owned() + &of("lite") + &both)).is_err());
        let off = load(&("[proxy]\ncost = \"off\"\n".to_owned() + &of("llama") + &both)).unwrap();
        assert_eq!(off.hop, CostHop::Off);
        // Discovery names routes of the engine listener only.
        assert!(load(&(of("found") + ENGINE + DISCOVERY)).is_ok());
        assert!(load(&(of("found") + ENGINE)).is_err());
        assert!(load(&(of("found") + &both + DISCOVERY)).is_err());
        let message = load(&("[proxy]\ncost = \"both\"\n".to_owned() + EDGE)).unwrap_err();
        assert!(message.contains("proxy.cost"), "{message}");
    }
}
