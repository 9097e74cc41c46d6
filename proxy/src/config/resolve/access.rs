//! From `[[proxy.keys]]`, `[proxy.clients]` and the lists of routes to who may send what. No error
//! shows a hash or a secret.

use std::fs;
use std::path::Path;

use weir_daemon::config::{ConfigError, Loaded};
use weir_wire::{Class, Endpoint};

use super::is_route_name;
use crate::access::{ClientNames, HashSecret, KeyConfig, KeyHash, Network, Rate, RouteAccess};
use crate::config::Clients;
use crate::config::raw::{RawAccess, RawClientMetrics, RawProxy, RawRoute};

/// Values of the `client` label that are no client's.
const TAKEN: [&str; 3] = ["none", "other", "unknown"];

/// More would be a slip of the pen: each is three series a route.
const MOST_CLIENTS: usize = 10_000;

/// A shorter secret could be found by trying.
const SHORTEST_SECRET: usize = 16;

pub(super) fn keys(loaded: &Loaded<RawProxy>) -> Result<Vec<KeyConfig>, ConfigError> {
    let mut keys: Vec<KeyConfig> = Vec::new();
    for (index, raw) in loaded.value.keys.iter().enumerate() {
        let at = |key: &str| format!("proxy.keys.{index}.{key}");
        if !is_route_name(&raw.alias) || TAKEN.contains(&raw.alias.as_str()) {
            let expected = "1 to 64 letters, digits, '-', '_' or '.', other than \"none\", \
                            \"other\" and \"unknown\"";
            return Err(loaded.invalid(&at("alias"), &raw.alias, expected));
        }
        if keys.iter().any(|before| *before.alias == *raw.alias) {
            return Err(loaded.invalid(&at("alias"), &raw.alias, "an alias that no other key has"));
        }
        let hash = hash(&raw.sha256).and_then(|hash| {
            let is_known = keys.iter().any(|before| before.hash == hash);
            if is_known { Err("the hash of a key that no other entry has") } else { Ok(hash) }
        });
        let hash = hash.map_err(|expected| loaded.invalid(&at("sha256"), "(hidden)", expected))?;
        let rate = raw.rate.as_deref().map(|rate| {
            let expected = "a number of requests, at most 1000000, and their time: \"60/minute\"; \
                            also second, hour and day";
            Rate::parse(rate).ok_or_else(|| loaded.invalid(&at("rate"), rate, expected))
        });
        keys.push(KeyConfig { alias: raw.alias.as_str().into(), hash, rate: rate.transpose()? });
    }
    Ok(keys)
}

fn hash(text: &str) -> Result<KeyHash, &'static str> {
    let Some(hash) = KeyHash::parse(text) else {
        return Err("64 hexadecimal digits, as printf %s \"$KEY\" | sha256sum writes them");
    };
    if hash == KeyHash::of(b"") || hash == KeyHash::of(b"\n") {
        return Err("the hash of a key; this one is of nothing, as if $KEY had not been set");
    }
    Ok(hash)
}

pub(super) fn clients(loaded: &Loaded<RawProxy>) -> Result<Clients, ConfigError> {
    let raw = &loaded.value.clients;
    let most = raw.max.unwrap_or_else(|| Clients::default().most);
    if !(1..=MOST_CLIENTS).contains(&most) {
        let expected = format!("1 to {MOST_CLIENTS}");
        return Err(loaded.invalid("proxy.clients.max", most, expected));
    }
    let mut secret_file = None;
    let names = match raw.metrics {
        RawClientMetrics::Off => ClientNames::Off,
        RawClientMetrics::Alias if loaded.value.keys.is_empty() => {
            let expected = "at least one [[proxy.keys]] beside it: nobody else has an alias";
            return Err(loaded.invalid("proxy.clients.metrics", "alias", expected));
        }
        RawClientMetrics::Alias => ClientNames::Alias,
        RawClientMetrics::Hash => {
            let Some(path) = &raw.hash_secret_file else {
                let expected = "proxy.clients.hash_secret_file beside it";
                return Err(loaded.invalid("proxy.clients.metrics", "hash", expected));
            };
            let secret = secret(path).map_err(|expected| {
                loaded.invalid("proxy.clients.hash_secret_file", path.display(), expected)
            })?;
            secret_file = Some(path.clone());
            ClientNames::Hash(secret)
        }
    };
    Ok(Clients { names, most, secret_file })
}

/// What a file holds, without the end of the line that editors leave.
fn secret(path: &Path) -> Result<HashSecret, String> {
    let bytes = fs::read(path).map_err(|error| format!("a file that can be read ({error})"))?;
    let secret = bytes.trim_ascii_end();
    if secret.len() < SHORTEST_SECRET {
        let found = secret.len();
        return Err(format!("a file of at least {SHORTEST_SECRET} bytes; this one has {found}"));
    }
    Ok(HashSecret::new(secret))
}

/// `key` is the path of the route's table.
pub(super) fn route(
    loaded: &Loaded<RawProxy>,
    key: &str,
    raw: &RawRoute,
) -> Result<RouteAccess, ConfigError> {
    let known = &loaded.value.keys;
    let needs_key = match raw.access {
        Some(access) => access == RawAccess::Keys,
        None => !known.is_empty(),
    };
    if needs_key && known.is_empty() {
        let expected = "at least one [[proxy.keys]] beside it: nobody could use this route";
        return Err(loaded.invalid(&format!("{key}.access"), "keys", expected));
    }
    if !needs_key && raw.allow_keys.is_some() {
        let expected = if known.is_empty() {
            "at least one [[proxy.keys]], whose aliases it lists"
        } else {
            "access = \"keys\" beside it: an open route has no use for a list of keys"
        };
        return Err(loaded.invalid(&format!("{key}.allow_keys"), "a list", expected));
    }
    let alias = |alias: &str| {
        let known = known.iter().any(|known| known.alias == alias);
        if known { Ok(alias.into()) } else { Err("the alias of one of [[proxy.keys]]".to_owned()) }
    };
    Ok(RouteAccess {
        needs_key,
        keys: list(loaded, &format!("{key}.allow_keys"), &raw.allow_keys, alias)?,
        networks: list(loaded, &format!("{key}.allow_from"), &raw.allow_from, Network::parse)?,
        endpoints: list(loaded, &format!("{key}.allow_endpoints"), &raw.allow_endpoints, class)?,
    })
}

/// A list of which every item is understood; one that is not written is empty.
fn list<T>(
    loaded: &Loaded<RawProxy>,
    key: &str,
    written: &Option<Vec<String>>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, ConfigError> {
    if written.as_ref().is_some_and(Vec::is_empty) {
        let expected = "at least one item, or no such list: nobody could use this route";
        return Err(loaded.invalid(key, "[]", expected));
    }
    let items = written.iter().flatten().enumerate();
    let items = items.map(|(index, item)| {
        read(item).map_err(|expected| loaded.invalid(&format!("{key}.{index}"), item, expected))
    });
    items.collect()
}

/// What a request may be for: a value of the `endpoint` label, or what runs no model.
fn class(name: &str) -> Result<Class, String> {
    let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.as_str() == name);
    match (name, endpoint) {
        (_, Some(endpoint)) => Ok(Class::Llm(endpoint)),
        ("model_list", _) => Ok(Class::ModelList),
        ("passthrough", _) => Ok(Class::Passthrough),
        _ => {
            let known = Endpoint::ALL.map(Endpoint::as_str).join(", ");
            Err(format!("model_list, passthrough, or one of {known}"))
        }
    }
}
