//! Light traffic through the proxy: a few clients per model, some of which misbehave.
//!
//! Nothing is measured here: what became of a request, the proxy's metrics say.

mod deck;
mod dice;
mod order;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::task::JoinSet;

use self::deck::Deck;
use self::dice::Dice;
use self::order::{Leave, Order};
use super::engines::{ENGINES, EngineSpec};

/// Where every run's random numbers begin.
const SEED: u64 = 9_800;

/// Between two requests of one client, on average.
const PAUSE: Duration = Duration::from_millis(450);

/// No request of the demo takes so long: a client that waits longer gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The clients. Dropping it makes them leave, whatever they were doing.
pub(crate) struct Traffic {
    _clients: JoinSet<()>,
}

impl Traffic {
    /// Starts the clients of both models; `base` is the proxy's listener.
    pub(crate) fn start(client: &Client, base: &str) -> Self {
        let deck = Arc::new(Mutex::new(Deck::default()));
        let mut clients = JoinSet::new();
        let engines = ENGINES.iter().flat_map(|spec| std::iter::repeat_n(spec, spec.clients));
        for (number, engine) in (0..).zip(engines) {
            let dice = Dice::new(SEED + number);
            clients.spawn(requests(
                engine,
                client.clone(),
                base.to_owned(),
                Arc::clone(&deck),
                dice,
            ));
        }
        Self { _clients: clients }
    }
}

/// One client: a request, a pause, the next.
async fn requests(
    engine: &'static EngineSpec,
    client: Client,
    base: String,
    deck: Arc<Mutex<Deck>>,
    mut dice: Dice,
) {
    loop {
        tokio::time::sleep(dice.wait(PAUSE)).await;
        let card = deck.lock().unwrap_or_else(PoisonError::into_inner).deal(&mut dice);
        let order = Order::new(engine, card, &mut dice);
        let patience = match order.leave {
            Leave::After(patience) => patience,
            Leave::AtTheEnd | Leave::AfterPieces(_) => PATIENCE,
        };
        // However it ended: the proxy's metrics tell.
        let _ended = tokio::time::timeout(patience, send(&client, &base, &order)).await;
    }
}

/// Sends a request and reads its answer as far as this client wants to.
async fn send(client: &Client, base: &str, order: &Order) -> reqwest::Result<()> {
    let mut answer = client
        .post(format!("{base}{}", order.path))
        .header(CONTENT_TYPE, "application/json")
        .header("x-sim", &order.plan)
        .body(order.body.to_string())
        .send()
        .await?;
    let mut pieces = 0;
    while answer.chunk().await?.is_some() {
        pieces += 1;
        if order.leave == Leave::AfterPieces(pieces) {
            break;
        }
    }
    Ok(())
}
