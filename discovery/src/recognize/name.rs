//! Names that others chose: which are taken over, and as what.

/// Longest name of a model, in bytes.
pub(super) const LONGEST: usize = 256;

/// So many names of one engine are taken over.
pub(super) const MOST: usize = 64;

/// Longest name of a route, in bytes: the proxy takes no longer one.
const LONGEST_ROUTE: usize = 64;

/// First path segments that mean something else to the proxy.
const TAKEN: [&str; 3] = ["unrouted", "v1", "v2"];

/// Whether this can be the name of a model: bounded, one line, nothing that a shell would have had to
/// replace, and no URL that holds a secret.
pub(super) fn is_model(name: &str) -> bool {
    let secretive = name.contains("://") && name.contains(['@', '?', '#']);
    (1..=LONGEST).contains(&name.len())
        && name.trim() == name
        && !name.contains(unfit)
        && !name.contains(['$', '`'])
        && !secretive
}

/// Control characters, and those that turn the direction of text or can't be seen.
fn unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What weights are called: the id on the hub, or the last part of a path.
pub(super) fn weights(model: &str) -> Option<String> {
    let path = model.trim_end_matches('/');
    // The hub's cache keeps `org/name` in a folder `models--org--name`.
    let cached = path.split('/').find_map(|part| part.strip_prefix("models--"));
    if let Some(cached) = cached {
        return Some(cached.replacen("--", "/", 1)).filter(|id| is_model(id));
    }
    let local = model.starts_with(['/', '.', '~']) || model.contains("://") || model.ends_with('/');
    let hub = !local && path.matches('/').count() <= 1;
    let shown = if hub { path } else { path.rsplit('/').next().unwrap_or_default() };
    is_model(shown).then(|| shown.to_owned())
}

/// Whether the proxy takes this as the name of a route.
pub(super) fn is_route(name: &str) -> bool {
    (1..=LONGEST_ROUTE).contains(&name.len())
        && name.chars().all(in_route)
        && !name.starts_with('.')
        && !TAKEN.contains(&name)
}

fn in_route(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// A name of a route made of any name.
pub(super) fn route_of(name: &str) -> String {
    let fit: String =
        name.chars().take(LONGEST_ROUTE).map(|c| if in_route(c) { c } else { '-' }).collect();
    let fit = fit.trim_start_matches('.');
    if is_route(fit) {
        return fit.to_owned();
    }
    format!("engine-{fit}").trim_end_matches('-').chars().take(LONGEST_ROUTE).collect()
}

/// A path of a URL as it may be put behind an address: no query, nothing that leads upwards.
pub(super) fn is_path(path: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/-_.~%:".contains(c);
    path.len() <= LONGEST
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.chars().all(allowed)
        && path.split('/').all(|part| part != ".." && part != ".")
}

/// A port that one can connect to.
pub(super) fn port(text: &str) -> Option<u16> {
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}
