//! One request in full: its path, body and plan.

use std::time::Duration;

use serde_json::{Value, json};

use super::deck::{Card, Manner};
use super::dice::Dice;
use crate::demo::engines::{Dialect, EngineSpec};

/// What is sent, and when the client leaves.
pub(super) struct Order {
    /// From the listener's root on.
    pub(super) path: String,
    pub(super) body: Value,
    /// What the simulated engine is told with the header `x-sim`.
    pub(super) plan: String,
    pub(super) leave: Leave,
}

/// When the client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
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

impl Order {
    pub(super) fn new(engine: &EngineSpec, card: Card, dice: &mut Dice) -> Self {
        let words = dice.proportional(8.0, 4000.0) as usize;
        let dialect = card.api.of(engine);
        let route = if dice.yes(0.5) { format!("/{}", engine.route) } else { String::new() };
        Self {
            path: format!("{route}{}", path(dialect)),
            body: body(dialect, engine.model, card.stream, words, dice),
            plan: plan(engine, card.manner, words, dice),
            leave: match card.manner {
                Manner::Well | Manner::Fault(_) => Leave::AtTheEnd,
                Manner::LeavesEarly => {
                    Leave::After(Duration::from_millis(200) + dice.wait(Duration::from_millis(200)))
                }
                Manner::LeavesMidStream => Leave::AfterPieces(3 + dice.below(15)),
            },
        }
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
    let messages = || json!([{"role": "user", "content": prompt}]);
    let mut body = match dialect {
        Dialect::Chat => json!({"messages": messages()}),
        Dialect::Completions => json!({"prompt": prompt}),
        Dialect::Responses => json!({"input": prompt}),
        Dialect::Messages => json!({"messages": messages(), "max_tokens": 1024}),
    };
    body["model"] = model.into();
    body["stream"] = stream.into();
    // Some clients ask for usage themselves; for the others the proxy asks.
    if stream && matches!(dialect, Dialect::Chat | Dialect::Completions) && dice.yes(0.4) {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// An answer as this engine would give: longer prompts take longer, and so do some others.
fn plan(engine: &EngineSpec, manner: Manner, words: usize, dice: &mut Dice) -> String {
    let tokens = dice.proportional(20.0, 160.0) as usize;
    let queue = if dice.yes(0.08) { 4.0 } else { 0.8 + 0.6 * dice.share() };
    let prefill = engine.first_token + engine.per_prompt_token.mul_f64(words as f64);
    let ttft = match manner {
        // Nobody is to see the first token.
        Manner::LeavesEarly => Duration::from_secs(5),
        _ => prefill.mul_f64(queue),
    };
    let gap = engine.gap.mul_f64(0.85 + 0.4 * dice.share());
    let mut plan = format!(
        "tokens={tokens},reasoning={},prompt={words},ttft={}us,gap={}us",
        engine.reasoning(tokens),
        ttft.as_micros(),
        gap.as_micros(),
    );
    if let Manner::Fault(fault) = manner {
        plan.push_str(",fault=");
        plan.push_str(fault);
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::super::deck::Deck;
    use super::*;
    use crate::demo::engines::ENGINES;

    #[test]
    fn the_simulator_can_follow_every_plan() {
        let (mut deck, mut dice) = (Deck::default(), Dice::new(5));
        for engine in &ENGINES {
            for _ in 0..100 {
                let order = Order::new(engine, deck.deal(&mut dice), &mut dice);
                order.plan.parse::<weir_sim::Plan>().unwrap();
                assert_eq!(order.body["model"], engine.model);
            }
        }
    }
}
