//! Look-ups of the tests' own: those that hang, those that fail, and those that find several.

use std::future::{pending, ready};

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

fn at(ports: &[u16]) -> Vec<SocketAddr> {
    ports.iter().map(|&port| SocketAddr::from(([127, 0, 0, 1], port))).collect()
}

/// A name whose look-up has found these.
async fn known(ports: &[u16]) -> Arc<Name> {
    let name = Name::new("engine", 80);
    let first = name.address_by(LIMIT, |_, _| ready(Ok(at(ports)))).await.unwrap();
    assert_eq!(first.port(), ports[0]);
    name
}

fn grow_old(name: &Name) {
    name.known.send_modify(|known| known.asked = None);
}

/// Looks up again and waits until that has ended.
async fn again(name: &Arc<Name>, found: io::Result<Vec<SocketAddr>>) -> u16 {
    grow_old(name);
    name.address_by(LIMIT, |_, _| ready(found)).await.unwrap();
    name.known.subscribe().wait_for(|known| !known.asking).await.unwrap();
    current(name).await
}

/// The address in use; nothing may be looked up for it.
async fn current(name: &Arc<Name>) -> u16 {
    let nobody_asks = |_, _| -> std::future::Ready<_> { panic!("it is not old") };
    name.address_by(LIMIT, nobody_asks).await.unwrap().port()
}

#[tokio::test]
async fn old_addresses_answer_while_a_look_up_hangs() {
    let name = known(&[1]).await;
    grow_old(&name);
    assert_eq!(name.address_by(LIMIT, |_, _| pending()).await.unwrap().port(), 1);
    assert_eq!(current(&name).await, 1, "one look-up at a time");
}

#[tokio::test]
async fn a_look_up_that_fails_has_been_asked() {
    let name = known(&[1]).await;
    assert_eq!(again(&name, Err(io::Error::other("no service"))).await, 1);
    assert_eq!(again(&name, Ok(Vec::new())).await, 1);
    assert_eq!(again(&name, Ok(at(&[2]))).await, 2);
}

#[tokio::test]
async fn the_first_look_up_is_bounded_and_shared() {
    let name = Name::new("engine", 80);
    let short = Duration::from_millis(1);
    let error = name.address_by(short, |_, _| pending()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(error.to_string().contains("engine"), "{error}");
    let nobody_asks = |_, _| -> std::future::Ready<_> { panic!("somebody asks already") };
    assert!(name.address_by(short, nobody_asks).await.is_err());
}

#[tokio::test]
async fn a_name_that_is_not_found_is_asked_for_by_the_next_request() {
    let name = Name::new("engine", 80);
    let nothing = || ready(Err(io::Error::other("no such name")));
    let error = name.address_by(LIMIT, |_, _| nothing()).await.unwrap_err();
    assert_eq!(error.to_string(), "no address of engine: no such name");
    assert_eq!(name.address_by(LIMIT, |_, _| ready(Ok(at(&[1])))).await.unwrap().port(), 1);
}

#[tokio::test]
async fn a_look_up_that_is_dropped_is_no_look_up() {
    let name = Name::new("engine", 80);
    assert!(name.begins_to_ask());
    drop(ask(Arc::clone(&name), pending()));
    let mut asking = Box::pin(ask(Arc::clone(&name), pending()));
    assert!(timeout(Duration::from_millis(1), &mut asking).await.is_err());
    drop(asking);
    assert!(name.begins_to_ask(), "the next one asks again");
}

#[tokio::test]
async fn an_address_that_can_not_be_connected_to_is_left_for_the_next() {
    let name = known(&[1, 2]).await;
    for _ in 0..3 {
        // Requests that were under way together; the first moves on for all.
        name.could_not_connect(at(&[1])[0]);
    }
    assert_eq!(current(&name).await, 2);
    assert_eq!(again(&name, Ok(at(&[1, 2]))).await, 2, "it is remembered");
    name.could_not_connect(at(&[2])[0]);
    assert_eq!(current(&name).await, 1);
    name.could_not_connect(at(&[1])[0]);
    assert_eq!(again(&name, Ok(at(&[2, 1]))).await, 2, "the order does not matter");
}
