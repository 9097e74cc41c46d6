//! Which price a request has, and what comes of it, to the last bit.

use weir_wire::{End, Exchange, Policy, RequestHead};

use super::*;

fn price(model: &str, route: Option<&str>, input: f64) -> Price {
    let route = route.map(str::to_owned);
    let model = model.to_owned();
    Price { model, route, input, output: 4.0, cached_input: None, cache_write_input: None }
}

fn reported(count: u64) -> Option<Tokens> {
    Some(Tokens { count, source: Source::Reported })
}

/// A whole answer to a chat for `model`.
fn answered(model: &str, tokens: TokenCounts) -> Outcome {
    let head = RequestHead {
        endpoint: Endpoint::ChatCompletions,
        target: "/v1/chat/completions",
        content_type: None,
        content_encoding: None,
    };
    let exchange = Exchange::new(&head, Policy::default());
    let outcome = exchange.outcome(std::time::Duration::ZERO, End::Complete);
    Outcome { model: Some(model.to_owned()), tokens, ..outcome }
}

fn parts(cost: Option<Cost>) -> Vec<(CostKind, CostSource, f64)> {
    cost.iter().flat_map(Cost::parts).map(|part| (part.kind, part.source, part.usd)).collect()
}

#[test]
fn the_price_that_fits_best() {
    let list = vec![
        price("*", None, 1.0),
        price("gpt-*", None, 2.0),
        price("gpt-4o*", None, 3.0),
        price("gpt-4o", None, 4.0),
        price("*", Some("local"), 5.0),
        price("gpt-4o", Some("local"), 6.0),
    ];
    for list in [list.clone(), list.into_iter().rev().collect()] {
        let prices = Prices { list, hop: CostHop::Auto };
        for (route, model, expected) in [
            ("cloud", "llama", 1.0),
            ("cloud", "", 1.0),
            ("cloud", "gpt-5", 2.0),
            ("cloud", "gpt-4o-mini", 3.0),
            ("cloud", "gpt-4o", 4.0),
            ("cloud", "GPT-4o", 1.0),
            ("local", "gpt-4o-mini", 5.0),
            ("local", "gpt-4o", 6.0),
        ] {
            let found = prices.of(route, model).map(|price| price.input);
            assert_eq!(found, Some(expected), "{model} at {route}");
        }
    }
    let few = Prices { list: vec![price("gpt-*", Some("cloud"), 1.0)], hop: CostHop::Auto };
    assert_eq!((few.of("cloud", "gpt"), few.of("local", "gpt-4o")), (None, None));
    assert!(few.of("cloud", "gpt-").is_some());
}

#[test]
fn cached_tokens_are_among_the_input_and_reasoning_is_output() {
    let price =
        Price { cached_input: Some(0.25), cache_write_input: Some(2.5), ..price("m", None, 2.0) };
    let prices = Prices { list: vec![price], hop: CostHop::Auto };
    let tokens = TokenCounts {
        input: reported(1_000_000),
        output: reported(250_000),
        cached_input: Some(500_000),
        cache_write_input: Some(200_000),
        reasoning_output: Some(100_000),
    };
    let cost = prices.cost("r", &answered("m", tokens)).unwrap();
    let priced = CostSource::Priced;
    let expected = [
        (CostKind::Input, priced, 0.6),
        (CostKind::Output, priced, 1.0),
        (CostKind::CachedInput, priced, 0.125),
        (CostKind::CacheWriteInput, priced, 0.5),
    ];
    assert_eq!(parts(Some(cost)), expected);
    assert_eq!((cost.usd(), cost.source()), (2.225, priced));
    assert_eq!(prices.cost("r", &answered("other", tokens)), None, "it has no price");
}

#[test]
fn without_a_price_of_their_own_cached_tokens_cost_what_input_costs() {
    let prices = Prices { list: vec![price("m", None, 2.0)], hop: CostHop::Auto };
    let input = reported(1_000_000);
    let plain = TokenCounts { input, ..TokenCounts::default() };
    let cached = TokenCounts { cached_input: Some(750_000), ..plain };
    let usd = |tokens| prices.cost("r", &answered("m", tokens)).unwrap().usd();
    assert_eq!((usd(plain), usd(cached)), (2.0, 2.0));
    let parts = parts(prices.cost("r", &answered("m", cached)));
    assert_eq!(parts[1], (CostKind::CachedInput, CostSource::Priced, 1.5));
}

#[test]
fn what_nobody_said_is_no_part_and_an_estimate_says_so() {
    let prices = Prices { list: vec![price("m", None, 2.0)], hop: CostHop::Auto };
    assert_eq!(prices.cost("r", &answered("m", TokenCounts::default())), None);
    let estimated = Some(Tokens { count: 500_000, source: Source::Estimated });
    let cut = TokenCounts { output: estimated, ..TokenCounts::default() };
    let cost = prices.cost("r", &answered("m", cut));
    assert_eq!(parts(cost), [(CostKind::Output, CostSource::Estimated, 2.0)]);
    let begun = TokenCounts { input: reported(500_000), ..cut };
    let cost = prices.cost("r", &answered("m", begun)).unwrap();
    assert_eq!((cost.usd(), cost.source()), (3.0, CostSource::Estimated));
    let free = Prices { list: vec![price("m", None, 0.0)], hop: CostHop::Auto };
    let cost = free.cost("r", &answered("m", TokenCounts { input: reported(7), ..cut }));
    assert_eq!(parts(cost)[0], (CostKind::Input, CostSource::Priced, 0.0), "free, and known to be");
}

#[test]
fn what_litellm_says_goes_first_where_it_can_know() {
    let prices = Prices { list: vec![price("m", None, 2.0)], hop: CostHop::Auto };
    let tokens = TokenCounts { input: reported(1_000_000), ..TokenCounts::default() };
    let told = |usd, streamed, endpoint| {
        let mut outcome = Outcome { streamed, endpoint, ..answered("m", tokens) };
        outcome.gateway.cost_usd = usd;
        parts(prices.cost("r", &outcome))
    };
    let by_table = [(CostKind::Input, CostSource::Priced, 2.0)];
    let chat = Endpoint::ChatCompletions;
    assert_eq!(told(Some(0.5), false, chat), [(CostKind::All, CostSource::Litellm, 0.5)]);
    assert_eq!(told(None, false, chat), by_table);
    assert_eq!(told(Some(0.0), false, chat), by_table, "0 is what it writes without a price");
    assert_eq!(told(Some(1e300), false, chat), by_table, "made up");
    assert_eq!(told(Some(0.5), true, chat), by_table, "at the head of a stream it can't know");
    assert_eq!(told(Some(0.5), false, Endpoint::Realtime), by_table);
    let mut unpriced = answered("m", tokens);
    unpriced.gateway.cost_usd = Some(0.0);
    assert_eq!(Prices::default().cost("r", &unpriced), None, "unknown is not 0");
}

#[test]
fn costs_are_counted_at_one_hop() {
    let (edge, engine) = (Hop::Edge, Hop::Engine);
    for (hop, hops, expected) in [
        (CostHop::Auto, vec![edge, engine], Some(edge)),
        (CostHop::Auto, vec![engine, engine], Some(engine)),
        (CostHop::Auto, vec![], Some(engine)),
        (CostHop::Only(engine), vec![edge, engine], Some(engine)),
        (CostHop::Only(edge), vec![engine], Some(edge)),
        (CostHop::Off, vec![edge, engine], None),
    ] {
        assert_eq!(hop.among(hops.iter().copied()), expected, "{hop:?} {hops:?}");
    }
}

/// Numbers that servers could send, true or not.
fn any_count(dice: &mut fastrand::Rng) -> u64 {
    match dice.u8(..4) {
        0 => dice.u64(..10),
        1 => dice.u64(..200_000),
        2 => dice.u64(..1 << 40),
        _ => dice.u64(..),
    }
}

#[test]
fn parts_add_up_and_no_token_counts_twice() {
    let mut dice = fastrand::Rng::with_seed(7);
    let mut known = 0;
    for _ in 0..20_000 {
        // One price for all: every token costs the same, whatever it is.
        let each = f64::from(dice.u32(..100_000)) / 1e3;
        let flat = Price {
            output: each,
            cached_input: Some(each),
            cache_write_input: Some(each),
            ..price("m", None, each)
        };
        let counts = [(); 4].map(|()| dice.bool().then(|| any_count(&mut dice)));
        let of = |index: usize| counts[index];
        let tokens = TokenCounts {
            input: of(0).and_then(reported),
            output: of(1).and_then(reported),
            cached_input: of(2),
            cache_write_input: of(3),
            reasoning_output: of(3),
        };
        let all = of(0).unwrap_or(0) as f64 + of(1).unwrap_or(0) as f64;
        let expected = all * each / 1e6;
        let Some(cost) = Cost::of(flat.parts(&tokens)) else {
            let is_unknown = tokens.input.is_none() && tokens.output.is_none();
            assert!(is_unknown || expected > Cost::MOST_USD * 0.999, "{tokens:?} {each}");
            continue;
        };
        known += 1;
        let sum: f64 = cost.parts().map(|part| part.usd).sum();
        assert!((sum - cost.usd()).abs() <= 1e-12 * sum.abs(), "{tokens:?}");
        assert!((sum - expected).abs() <= 1e-9 * expected + 1e-12, "{tokens:?} {sum} {expected}");
        assert!(cost.parts().all(|part| part.usd.is_finite() && part.usd >= 0.0), "{tokens:?}");
    }
    assert!(known > 5_000, "{known}");
}
