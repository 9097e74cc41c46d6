//! Decisions as a whole: a head and an address in, a refusal or none out.

use http::{HeaderMap, HeaderName, Method};
use weir_ledger::Rejection;
use weir_wire::{Class, Endpoint};

use super::*;

const CHAT: Class = Class::Llm(Endpoint::ChatCompletions);

/// Two keys, of which `b` may be used twice a day.
fn access() -> Access {
    let key = |alias: &str, key: &str, rate| KeyConfig {
        alias: alias.into(),
        hash: KeyHash::of(key.as_bytes()),
        rate,
    };
    let configured = [key("a", "key-a", None), key("b", "key-b", Rate::new(2, Per::Day))];
    Access { keys: Keys::new(&configured, None), names: ClientNames::Off }
}

/// A request from 10.1.2.3 with these headers.
fn caller(access: &Access, method: Method, class: Class, headers: &[(&str, &str)]) -> Caller {
    sent(access, method, class, headers, true)
}

/// The same; `is_bare`: without a body, and asking for no other protocol.
fn sent(
    access: &Access,
    method: Method,
    class: Class,
    headers: &[(&str, &str)],
    is_bare: bool,
) -> Caller {
    let pair = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
    };
    let headers: HeaderMap = headers.iter().map(pair).collect();
    let (target, from) = ("/v1/chat/completions", "10.1.2.3".parse().ok());
    access.caller(&Asked { method: &method, target, class, headers: &headers, is_bare, from })
}

fn post(access: &Access, headers: &[(&str, &str)]) -> Caller {
    caller(access, Method::POST, CHAT, headers)
}

fn keyed() -> RouteAccess {
    RouteAccess { needs_key: true, ..RouteAccess::default() }
}

#[test]
fn an_open_route_asks_for_nothing() {
    let access = access();
    let open = RouteAccess::default();
    for headers in [&[][..], &[("x-api-key", "key-a")], &[("authorization", "Basic x")]] {
        assert_eq!(post(&access, headers).may_use([&open]), Ok(()));
    }
    assert_eq!(post(&access, &[]).may_use([]), Ok(()), "where no route is, none refuses");
}

#[test]
fn the_first_key_that_is_known_counts() {
    let access = access();
    let only_b = RouteAccess { keys: vec!["b".into()], ..keyed() };
    for (headers, all, b) in [
        (&[][..], Err(Refusal::NoKey), Err(Refusal::NoKey)),
        (&[("authorization", "Basic key-a")], Err(Refusal::NoKey), Err(Refusal::NoKey)),
        (&[("x-api-key", "nobody's")], Err(Refusal::UnknownKey), Err(Refusal::UnknownKey)),
        (&[("x-api-key", "key-b")], Ok(()), Ok(())),
        (&[("authorization", "Bearer key-b")], Ok(()), Ok(())),
        (&[("authorization", "Bearer key-a")], Ok(()), Err(Refusal::Key)),
        // A client may show a key of Weir's beside the upstream's own.
        (&[("authorization", "Bearer sk-1"), ("x-api-key", "key-b")], Ok(()), Ok(())),
        (&[("authorization", "Bearer key-a"), ("x-api-key", "key-b")], Ok(()), Err(Refusal::Key)),
    ] {
        let caller = post(&access, headers);
        assert_eq!(caller.may_use([&keyed()]), all, "{headers:?}");
        assert_eq!(caller.may_use([&only_b]), b, "{headers:?}");
    }
}

#[test]
fn networks_come_first_and_no_header_is_believed() {
    let access = access();
    let from = |network| RouteAccess {
        networks: vec![Network::parse("::1").unwrap(), Network::parse(network).unwrap()],
        ..keyed()
    };
    let forwarded = [("x-forwarded-for", "192.168.0.1"), ("x-api-key", "key-a")];
    let caller = post(&access, &forwarded);
    assert_eq!(caller.may_use([&from("10.1.0.0/16")]), Ok(()));
    assert_eq!(caller.may_use([&from("192.168.0.0/16")]), Err(Refusal::Network));
    assert_eq!(post(&access, &[]).may_use([&from("192.168.0.0/16")]), Err(Refusal::Network));
    // An address that is not known is in no network.
    let mut nowhere = caller;
    nowhere.from = None;
    assert_eq!(nowhere.may_use([&from("0.0.0.0/0")]), Err(Refusal::Network));
}

#[test]
fn endpoints_are_told_apart() {
    let access = access();
    let some = RouteAccess { endpoints: vec![CHAT, Class::ModelList], ..RouteAccess::default() };
    let embeddings = Class::Llm(Endpoint::Embeddings);
    for (class, refused) in [
        (CHAT, Ok(())),
        (Class::ModelList, Ok(())),
        (Class::Passthrough, Err(Refusal::Endpoint)),
        (embeddings, Err(Refusal::Endpoint)),
    ] {
        assert_eq!(
            caller(&access, Method::POST, class, &[]).may_use([&some]),
            refused,
            "{class:?}"
        );
    }
}

#[test]
fn a_preflight_needs_no_key_and_is_for_what_comes_after_it() {
    let access = access();
    let chat = RouteAccess { endpoints: vec![CHAT], ..keyed() };
    let asks = ("access-control-request-method", "POST");
    let preflight = [("origin", "https://page.example"), asks];
    let options =
        |headers: &[(&str, &str)]| caller(&access, Method::OPTIONS, Class::Passthrough, headers);
    assert_eq!(options(&preflight).may_use([&chat]), Ok(()));
    let get = [preflight[0], ("access-control-request-method", "GET")];
    assert_eq!(options(&get).may_use([&chat]), Err(Refusal::Endpoint));
    for (headers, why) in
        [(vec![preflight[0]], "it asks for no method"), (vec![asks], "it has no origin")]
    {
        assert_eq!(options(&headers).may_use([&chat]), Err(Refusal::NoKey), "{why}");
    }
    let with_body = sent(&access, Method::OPTIONS, Class::Passthrough, &preflight, false);
    assert_eq!(with_body.may_use([&chat]), Err(Refusal::NoKey), "a body, or an upgrade");
    let far = RouteAccess { networks: vec![Network::parse("::1").unwrap()], ..chat };
    assert_eq!(options(&preflight).may_use([&far]), Err(Refusal::Network));
}

#[test]
fn one_route_of_several_is_enough() {
    let access = access();
    let (a, b) = (
        RouteAccess { keys: vec!["a".into()], ..keyed() },
        RouteAccess { networks: vec![Network::parse("::1").unwrap()], ..RouteAccess::default() },
    );
    assert_eq!(post(&access, &[("x-api-key", "key-a")]).may_use([&b, &a]), Ok(()));
    for routes in [[&a, &b], [&b, &a]] {
        assert_eq!(post(&access, &[]).may_use(routes), Err(Refusal::NoKey), "a key would help");
        let wrong_key = post(&access, &[("x-api-key", "key-b")]).may_use(routes).unwrap_err();
        assert_eq!(wrong_key.rejection(), Rejection::Forbidden);
    }
}

#[test]
fn a_rate_is_the_keys_own() {
    let access = access();
    let b = post(&access, &[("x-api-key", "key-b")]);
    assert_eq!((b.spend(), b.spend()), (Ok(()), Ok(())));
    let refusal = b.spend().unwrap_err();
    assert_eq!(refusal.rejection(), Rejection::RateLimited);
    assert!((43_190..=43_200).contains(&refusal.retry_after().unwrap()), "{refusal:?}");
    assert!(refusal.message().starts_with("This key may be used 2/day. Try again in 43"));
    for headers in [&[][..], &[("x-api-key", "key-a")], &[("x-api-key", "nobody's")]] {
        assert!((0..100).all(|_| post(&access, headers).spend().is_ok()), "{headers:?}");
    }
}
