//! One request after another, each answered whole.

use std::rc::Rc;

use tokio::sync::watch;

use super::connection::{Connection, Failure};
use super::generator::Shared;
use super::request::ANSWER;
use super::schedule::Schedule;
use crate::clock::now;

/// Requests on one connection, for ever: the next one when the answer is there.
pub(super) async fn saturate(shared: Rc<Shared>) {
    let mut connection = warm(&shared).await;
    loop {
        attempt(&shared, &mut connection, None).await;
    }
}

/// Requests on one connection, for ever, when they are due: a connection that is free takes the next one, and waits
/// for it if it is still to come.
pub(super) async fn keep_pace(
    shared: Rc<Shared>,
    mut schedule: watch::Receiver<Option<Rc<Schedule>>>,
) {
    let mut connection = warm(&shared).await;
    let schedule = schedule.wait_for(Option::is_some).await.map(|schedule| schedule.clone());
    // It comes once all connections are warm, unless the load is given up before.
    let Ok(Some(schedule)) = schedule else { return };
    loop {
        let due = schedule.take();
        shared.timer.until(due).await;
        attempt(&shared, &mut connection, Some(due)).await;
    }
}

/// A connection that has had its first answer.
async fn warm(shared: &Shared) -> Option<Connection> {
    let mut connection = None;
    while !attempt(shared, &mut connection, None).await {}
    shared.ready();
    connection
}

/// A request and its answer, which are counted; returns whether they were as they should be. Afterwards there is a
/// connection if it can be used again.
async fn attempt(shared: &Shared, connection: &mut Option<Connection>, due: Option<u64>) -> bool {
    match ask(shared, connection).await {
        Ok(began) => {
            let mut counted = shared.counted.borrow_mut();
            counted.requests += 1;
            counted.latency.saturating_record(now() - due.unwrap_or(began));
            true
        }
        Err(failure) => {
            shared.failed(failure).await;
            false
        }
    }
}

/// Returns when the request's first byte was sent.
async fn ask(shared: &Shared, kept: &mut Option<Connection>) -> Result<u64, Failure> {
    let mut connection = shared.connection(kept.take()).await?;
    let began = now();
    let mut head = connection.ask(&shared.request).await?;
    let mut length = connection.payload(&mut head.body)?.len();
    connection.used(length);
    while !head.body.is_over() {
        let more = connection.more_payload(&mut head.body).await?.len();
        connection.used(more);
        length += more;
    }
    if length != ANSWER {
        return Err(Failure::Unlike("it has another length"));
    }
    *kept = Some(connection).filter(|_| !head.closes);
    Ok(began)
}
