//! One request in full, and what a client does with its answer.
//!
//! Nothing is measured here: what became of a request, the proxy's metrics say.

mod deck;
mod dice;
mod ended;
mod plan;

use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::time::timeout;

pub(crate) use self::deck::Deck;
use self::deck::{Api, Card, Manner};
pub(crate) use self::dice::Dice;
pub(crate) use self::ended::Ended;
pub(crate) use self::plan::Pace;

/// No request takes so long: a client that waits longer gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// An API for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Chat,
    Completions,
    Responses,
    Messages,
}

/// Whom a request is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipient<'a> {
    pub(crate) model: &'a str,
    /// The proxy's route to it, for the requests that name it; `None`: only the body says where to.
    pub(crate) route: Option<&'a str>,
    /// A dialect that it has beside chat and completions.
    pub(crate) third: Dialect,
    /// How fast it answers if it is simulated.
    pub(crate) pace: Pace,
}

/// What is sent, and when the client leaves.
pub(crate) struct Order {
    /// From the listener's root on.
    path: String,
    body: String,
    /// What a simulated engine is told with the header `x-sim`; others pass over it.
    plan: String,
    leave: Leave,
}

/// When the client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    /// When it has all of the answer.
    AtTheEnd,
    /// When it has waited so long.
    After(Duration),
    /// When it has read so many pieces of the answer.
    AfterPieces(usize),
}

/// Words of a prompt, and that each is about one token.
const WORDS: [&str; 10] =
    ["how", "much", "water", "runs", "over", "a", "low", "wall", "per", "second"];
/// A model that nobody serves.
const UNKNOWN: &str = "no-such-model";
/// More than any plan has: it ends by itself. A server that is no simulator ends here.
const MOST_TOKENS: usize = 256;
/// Fewer than any plan has: the limit ends it.
const FEW_TOKENS: usize = 16;

impl Order {
    pub(crate) fn new(recipient: &Recipient<'_>, card: Card, dice: &mut Dice) -> Self {
        let words = dice.proportional(8.0, 4000.0) as usize;
        let dialect = match card.api {
            Api::Chat => Dialect::Chat,
            Api::Completions => Dialect::Completions,
            Api::Third => recipient.third,
        };
        let route = recipient.route.filter(|_| dice.yes(0.5));
        let route = route.map(|name| format!("/{name}")).unwrap_or_default();
        let model = if card.manner == Manner::AsksForNobody { UNKNOWN } else { recipient.model };
        let body = match card.manner {
            Manner::SaysHalf => format!(r#"{{"model":{},"messages":[{{"role":"#, json!(model)),
            _ => body(dialect, model, card.stream, words, dice).to_string(),
        };
        Self {
            path: format!("{route}{}", path(dialect)),
            body,
            plan: recipient.pace.plan(card.manner, words, dice),
            leave: match card.manner {
                Manner::LeavesEarly => {
                    Leave::After(Duration::from_millis(200) + dice.wait(Duration::from_millis(200)))
                }
                Manner::LeavesMidStream => Leave::AfterPieces(3 + dice.below(15)),
                _ => Leave::AtTheEnd,
            },
        }
    }

    /// Sends it to `base` and reads the answer as far as this client wants to.
    pub(crate) async fn play(&self, client: &Client, base: &str) -> Ended {
        let (patience, too_long) = match self.leave {
            Leave::After(patience) => (patience, Ended::Left),
            Leave::AtTheEnd | Leave::AfterPieces(_) => (PATIENCE, Ended::Late),
        };
        match timeout(patience, self.send(client, base)).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) if error.is_connect() => Ended::Unreachable,
            Ok(Err(_)) => Ended::Broken,
            Err(_) => too_long,
        }
    }

    async fn send(&self, client: &Client, base: &str) -> reqwest::Result<Ended> {
        let mut answer = client
            .post(format!("{base}{}", self.path))
            .header(CONTENT_TYPE, "application/json")
            .header("x-sim", &self.plan)
            .body(self.body.clone())
            .send()
            .await?;
        let status = answer.status();
        let mut pieces = 0;
        while answer.chunk().await?.is_some() {
            pieces += 1;
            if self.leave == Leave::AfterPieces(pieces) {
                return Ok(Ended::Left);
            }
        }
        Ok(if status.is_success() { Ended::Answered } else { Ended::Refused(status.as_u16()) })
    }
}

fn path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Chat => "/v1/chat/completions",
        Dialect::Completions => "/v1/completions",
        Dialect::Responses => "/v1/responses",
        Dialect::Messages => "/v1/messages",
    }
}

fn body(dialect: Dialect, model: &str, stream: bool, words: usize, dice: &mut Dice) -> Value {
    let prompt = (0..words).map(|_| WORDS[dice.below(WORDS.len())]).collect::<Vec<_>>().join(" ");
    let limit = if dice.yes(0.06) { FEW_TOKENS } else { MOST_TOKENS };
    let messages = || json!([{"role": "user", "content": prompt}]);
    let mut body = match dialect {
        Dialect::Chat | Dialect::Messages => json!({"messages": messages(), "max_tokens": limit}),
        Dialect::Completions => json!({"prompt": prompt, "max_tokens": limit}),
        Dialect::Responses => json!({"input": prompt, "max_output_tokens": limit}),
    };
    body["model"] = model.into();
    body["stream"] = stream.into();
    // Some clients ask for usage themselves; for the others the proxy asks.
    if stream && matches!(dialect, Dialect::Chat | Dialect::Completions) && dice.yes(0.4) {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

#[cfg(test)]
mod tests;
