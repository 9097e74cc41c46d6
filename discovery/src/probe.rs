//! Asking what answers at an address whether it is an engine, which version and with which models.

use serde_json::Value;

use crate::fetch::{Answer, FetchError, Server};

/// Longer names are none.
const NAME: usize = 256;
/// More names are not taken.
const NAMES: usize = 256;
/// `0.11.1rc2.dev116+g1234567.d20260101` is a short one.
const VERSION: usize = 64;

/// What answers at an address.
#[derive(Debug)]
pub enum Verdict {
    /// An engine.
    Engine(Identity),
    /// Something that does not speak as engines do; what was found.
    Foreign(String),
    /// Nobody, or not in time.
    Silent(FetchError),
}

/// What an engine says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// As `/version` says.
    pub version: Option<String>,
    /// As `/v1/models` lists them; `None`: it does not tell us.
    pub models: Option<Vec<String>>,
}

/// Asks `/version` and `/v1/models`. Where it is `certain` that an engine runs there, that one of them is
/// answered is enough.
pub async fn probe(server: &Server, certain: bool) -> Verdict {
    let version = match server.get("/version").await {
        Ok(answer) => answer,
        Err(error) => return Verdict::Silent(error),
    };
    let models = match server.get("/v1/models").await {
        Ok(answer) => answer,
        Err(error) => return Verdict::Silent(error),
    };
    judge(&version, &models, certain)
}

/// Whether a LiteLLM proxy answers: `"I'm alive!"`. It costs it nothing.
pub async fn is_litellm(server: &Server) -> bool {
    let answer = server.get("/health/liveliness").await;
    answer.is_ok_and(|answer| answer.status == 200 && answer.body.starts_with(b"\"I'm alive"))
}

fn judge(version: &Answer, models: &Answer, certain: bool) -> Verdict {
    let said = version_of(version);
    // With `--api-key` the models are not for everybody, while the version is.
    let lists_models = models.status == 200 && listed(&models.body).is_some();
    let is_locked = matches!(models.status, 401 | 403);
    let is_engine = (said.is_some() && (lists_models || is_locked))
        || (certain && (said.is_some() || lists_models || is_locked));
    if is_engine {
        let models = if lists_models { listed(&models.body) } else { None };
        return Verdict::Engine(Identity { version: said, models });
    }
    Verdict::Foreign(format!(
        "no engine answers there: GET /version has status {}, GET /v1/models {}",
        version.status, models.status
    ))
}

/// `{"version":"0.11.0"}`
fn version_of(answer: &Answer) -> Option<String> {
    if answer.status != 200 {
        return None;
    }
    let json: Value = serde_json::from_slice(&answer.body).ok()?;
    let version = json.get("version")?.as_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_' | '!');
    let fits = (1..=VERSION).contains(&version.len()) && version.chars().all(is_plain);
    fits.then(|| version.to_owned())
}

/// `{"data":[{"id":"llama"},…]}`; names that can't be labels are left out.
fn listed(body: &[u8]) -> Option<Vec<String>> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let cards = json.get("data")?.as_array()?;
    let names = cards.iter().filter_map(|card| card.get("id")?.as_str());
    let mut models: Vec<String> = Vec::new();
    for name in names {
        let fits = (1..=NAME).contains(&name.len()) && !name.chars().any(char::is_control);
        if fits && models.len() < NAMES && !models.iter().any(|known| known == name) {
            models.push(name.to_owned());
        }
    }
    Some(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        Answer { status, content_type: None, retry_after: None, body }
    }

    const VERSION: &str = r#"{"version":"0.11.0"}"#;
    const MODELS: &str =
        r#"{"object":"list","data":[{"id":"llama"},{"id":"alias"},{"id":"llama"}]}"#;

    fn identity(version: &Answer, models: &Answer, certain: bool) -> Option<Identity> {
        match judge(version, models, certain) {
            Verdict::Engine(identity) => Some(identity),
            _ => None,
        }
    }

    #[test]
    fn an_engine_says_its_version_and_its_models() {
        let both = Identity {
            version: Some("0.11.0".to_owned()),
            models: Some(vec!["llama".to_owned(), "alias".to_owned()]),
        };
        for certain in [false, true] {
            let found = identity(&answer(200, VERSION), &answer(200, MODELS), certain);
            assert_eq!(found, Some(both.clone()));
            // With an API key.
            let locked = identity(&answer(200, VERSION), &answer(401, ""), certain);
            assert_eq!(locked, Some(Identity { models: None, ..both.clone() }));
        }
    }

    #[test]
    fn what_is_said_to_be_one_needs_less() {
        for (version, models) in [
            (answer(404, ""), answer(200, MODELS)),
            (answer(200, VERSION), answer(503, "")),
            (answer(404, ""), answer(401, "")),
        ] {
            assert!(identity(&version, &models, true).is_some());
            assert_eq!(identity(&version, &models, false), None);
        }
    }

    #[test]
    fn others_are_none() {
        for (version, models) in [
            (answer(404, ""), answer(404, "")),
            (answer(200, "<html>"), answer(200, "<html>")),
            (answer(200, r#"{"version":7}"#), answer(200, r#"{"data":{}}"#)),
            (answer(200, r#"{"version":"a b"}"#), answer(200, "[]")),
            (answer(500, ""), answer(500, "")),
        ] {
            assert_eq!(identity(&version, &models, true), None);
        }
    }

    #[test]
    fn names_that_can_be_no_labels_are_left_out() {
        let cards: Vec<_> = (0..300)
            .map(|number| format!(r#"{{"id":"m{number}"}}"#))
            .chain([r#"{"id":"a\nb"}"#.to_owned(), format!(r#"{{"id":"{}"}}"#, "x".repeat(257))])
            .rev()
            .collect();
        let body = format!(r#"{{"data":[{},7,{{}}]}}"#, cards.join(","));
        let models = listed(body.as_bytes()).unwrap();
        assert_eq!(models.len(), NAMES);
        assert_eq!(models[0], "m299");
    }
}
