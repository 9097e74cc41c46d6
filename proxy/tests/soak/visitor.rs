//! One client of the crowd: a scene after the other, on a connection that it keeps while it can.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dice::Dice;
use crate::rig::{Answer, Client, DEADLINE, End, Request};
use crate::scenes;
use crate::tally::Tally;
use crate::witness::{ID, Witness};

/// Weir sends a request again if a stale connection ended within this time of the writing.
const AT_ONCE: Duration = Duration::from_millis(100);

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Asked {
    Answered(Answer),
    /// The connection ended without a byte.
    Nothing,
    /// The request met a stale connection, and the machine is so busy that Weir noticed only when
    /// it could not be sure any more.
    Late,
}

pub(crate) struct Visitor {
    pub(crate) addr: SocketAddr,
    pub(crate) dice: Dice,
    pub(crate) tally: Arc<Tally>,
    pub(crate) witness: Arc<Witness>,
    /// The connection of the request before, if it stayed open.
    kept: Option<Client>,
}

impl Visitor {
    pub(crate) fn new(
        addr: SocketAddr,
        dice: Dice,
        tally: &Arc<Tally>,
        witness: &Arc<Witness>,
    ) -> Self {
        let (tally, witness) = (Arc::clone(tally), Arc::clone(witness));
        Self { addr, dice, tally, witness, kept: None }
    }

    /// Plays one scene; each leaves no doubt about the outcome of its request.
    pub(crate) async fn visit(&mut self) {
        match self.dice.below(20) {
            0..8 => scenes::answers::fine(self).await,
            8..13 => scenes::answers::broken(self).await,
            13..16 => scenes::leaving::leave(self).await,
            16 => scenes::sessions::session(self).await,
            17 => scenes::answers::unread(self).await,
            18 => scenes::answers::passed_through(self).await,
            _ => scenes::answers::junk(self).await,
        }
    }

    /// A request with an id of its own.
    pub(crate) fn with_id(&self, request: Request) -> (u64, Request) {
        let id = self.tally.send();
        (id, request.header(ID, &id.to_string()))
    }

    /// A connection that nothing has been sent on.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.addr).await
    }

    /// Asks on the connection that was kept, or a new one, and keeps it if it may be.
    pub(crate) async fn try_ask(&mut self, id: u64, request: &Request) -> Asked {
        let began = Instant::now();
        let mut client = match self.kept.take() {
            Some(client) => client,
            None => self.connect().await,
        };
        // Who answers early may not read to the end.
        let _early = client.try_send(request.bytes()).await;
        if client.read_until(|input| !input.is_empty()).await.is_empty() {
            return Asked::Nothing;
        }
        let answer = client.answer().await;
        self.check_seen(id, &answer);
        if answer.header("x-weir-error") == Some("upstream_reset")
            && began.elapsed() > AT_ONCE
            && !self.witness.has_seen(id)
        {
            self.tally.noticed_late();
            return Asked::Late;
        }
        let closes = answer.header("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        if answer.end == End::Complete && !closes {
            self.kept = Some(client);
        }
        Asked::Answered(answer)
    }

    /// As [`try_ask`](Self::try_ask), where a good answer has to come; the outcome.
    pub(crate) async fn ask(&mut self, id: u64, request: &Request) -> &'static str {
        match self.try_ask(id, request).await {
            Asked::Answered(answer) if answer.status == 200 && answer.end == End::Complete => {
                "success"
            }
            Asked::Late => "upstream_reset",
            asked => {
                let request = String::from_utf8_lossy(&request.head_bytes()).into_owned();
                panic!("{asked:?} to {request}")
            }
        }
    }

    /// Notes a complete answer of the upstream's to a request that no upstream has seen.
    pub(crate) fn check_seen(&self, id: u64, answer: &Answer) {
        if answer.end == End::Complete
            && answer.header("x-weir-error").is_none()
            && !self.witness.has_seen(id)
        {
            self.tally.lost(format!("request {id}, answered with {}", answer.status));
        }
    }

    /// Waits until an upstream has the request.
    pub(crate) async fn seen_by_upstream(&self, id: u64) {
        let seen = async || self.witness.has_seen(id).then_some(());
        weir_sim::eventually(DEADLINE, &format!("an upstream has request {id}"), seen).await;
    }
}
