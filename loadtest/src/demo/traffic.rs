//! Light traffic through the proxy: a few clients per model, some of which misbehave.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use tokio::task::JoinSet;

use super::engines::{ENGINES, EngineSpec};
use crate::order::{Deck, Dice, Order};

/// Where every run's random numbers begin.
const SEED: u64 = 9_800;

/// Between two requests of one client, on average.
const PAUSE: Duration = Duration::from_millis(450);

/// The clients. Dropping it makes them leave, whatever they were doing.
pub(crate) struct Traffic {
    _clients: JoinSet<()>,
}

impl Traffic {
    /// Starts the clients of both models; `base` is the proxy's listener.
    pub(crate) fn start(client: &Client, base: &str) -> Self {
        let deck = Arc::new(Mutex::new(Deck::lively()));
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
        // However it ends: the proxy's metrics tell.
        let _ended = Order::new(&engine.recipient(), card, &mut dice).play(&client, &base).await;
    }
}
