//! From what `GET /containers/{id}/json` answers to a [`Container`].
//!
//! Docker 20.10 to 29 and podman are read alike. What is missing is empty, what makes no sense is left out, and
//! what is too long or too much is cut off: names, labels and arguments come from whoever made the container.

mod bounds;
mod gpus;
mod network;
mod ports;
mod state;

use std::collections::BTreeMap;

use serde_json::Value;

use self::bounds::{Budget, shown};
use super::{Container, Environment};

/// Longest argument list, in items and bytes. Linux itself has no bound on the former.
const ARGUMENTS: Budget = Budget { items: 4096, bytes: 128 * 1024 };
/// Largest environment.
const ENVIRONMENT: Budget = Budget { items: 4096, bytes: 128 * 1024 };
/// Labels, with their names.
const LABELS: Budget = Budget { items: 1024, bytes: 64 * 1024 };
/// Docker's own bound for names is far below.
const LONGEST_NAME: usize = 256;
/// Registry, repository, tag and digest have 128 to 255 bytes each.
const LONGEST_IMAGE: usize = 1024;

/// Why an answer describes no container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// It is no JSON object.
    #[error("a container's description is not an object")]
    NotAnObject,
    /// Its `Id` is missing, or not what runtimes make up.
    #[error("a container's description has no Id of 64 hexadecimal digits")]
    Id,
}

/// A container from the JSON that describes it. `image_env` is the environment of its image, if that is known.
///
/// # Errors
/// Where it is not the description of a container at all.
pub fn read(inspect: &Value, image_env: Option<Environment>) -> Result<Container, InspectError> {
    if !inspect.is_object() {
        return Err(InspectError::NotAnObject);
    }
    let id = text(inspect, "/Id");
    if !is_id(id) {
        return Err(InspectError::Id);
    }
    let network_mode = network::mode(inspect);
    Ok(Container {
        id: id.to_owned(),
        name: shown(text(inspect, "/Name").trim_start_matches('/'), LONGEST_NAME),
        image: shown(text(inspect, "/Config/Image"), LONGEST_IMAGE),
        labels: labels(inspect),
        argv: argv(inspect),
        env: environment(inspect),
        image_env,
        state: state::read(inspect),
        restarts: inspect.pointer("/RestartCount").and_then(Value::as_u64).unwrap_or_default(),
        networks: network::attachments(inspect, &network_mode),
        network_mode,
        ports: ports::read(inspect),
        gpus: gpus::read(inspect),
    })
}

/// The environment in what `GET /images/{id}/json` answers.
pub fn image_environment(inspect: &Value) -> Environment {
    environment(inspect)
}

/// The id of a container's image in its description: it can be asked for.
pub fn image_id(inspect: &Value) -> Option<&str> {
    let id = text(inspect, "/Image");
    is_id(id.strip_prefix("sha256:").unwrap_or(id)).then_some(id)
}

/// Whether a text is what runtimes call containers and images: 64 hexadecimal digits.
pub fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn argv(inspect: &Value) -> Vec<String> {
    let path = inspect.get("Path").and_then(Value::as_str).filter(|path| !path.is_empty());
    let words: Vec<&str> = match path {
        Some(path) => std::iter::once(path).chain(texts(inspect, "/Args")).collect(),
        None => texts(inspect, "/Config/Entrypoint").chain(texts(inspect, "/Config/Cmd")).collect(),
    };
    // Up to the first that is too much: an argument means something only after those before it.
    let mut budget = ARGUMENTS;
    words.into_iter().map_while(|word| budget.take(word.len()).then(|| word.to_owned())).collect()
}

fn environment(inspect: &Value) -> Environment {
    let mut budget = ENVIRONMENT;
    let lines = texts(inspect, "/Config/Env").filter(|line| budget.take(line.len()));
    Environment::of_lines(lines)
}

fn labels(inspect: &Value) -> BTreeMap<String, String> {
    let mut budget = LABELS;
    entries(inspect, "/Config/Labels")
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .filter(|(name, value)| budget.take(name.len() + value.len()))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The text at a place; empty where there is none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What is at a place that holds a list.
fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// The texts of the list at a place.
fn texts<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    items(value, pointer).filter_map(Value::as_str)
}

/// What is at a place that holds an object.
fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let object = value.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests;
