//! What requests cost: by the price table, or as LiteLLM says, and once whatever the hops.

use std::sync::Arc;

use weir_proxy::{Config, CostHop, Hop, Price, Prices, RouteConfig};
use weir_sim::{Engine, Plan, Recorded, Scrape, Upstream};

use crate::rig::scripted::{STREAM, Scripted, Step, chunk, token, whole};
use crate::rig::{Answer, Api, DEADLINE, ProxyGuard, ask, config, edge, engine, route};

const NAME: &str = "llm_cost_usd_total";

fn price(model: &str) -> Price {
    Price {
        model: model.to_owned(),
        route: None,
        input: 2.0,
        output: 8.0,
        cached_input: Some(0.5),
        cache_write_input: None,
    }
}

fn prices(list: impl IntoIterator<Item = Price>, hop: CostHop) -> Arc<Prices> {
    Arc::new(Prices { list: list.into_iter().collect(), hop })
}

/// Every cost, by kind and source.
fn costs(scrape: &Scrape, labels: &[(&str, &str)]) -> Vec<(String, String, f64)> {
    let label = |sample: &weir_sim::Sample, name| sample.label(name).unwrap().to_owned();
    let all = scrape.matching(NAME, labels);
    let mut all: Vec<_> =
        all.map(|it| (label(it, "kind"), label(it, "source"), it.value)).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn cost(kind: &str, source: &str, usd: f64) -> (String, String, f64) {
    (kind.to_owned(), source.to_owned(), usd)
}

fn near(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() <= 1e-12 * expected)
}

/// A whole answer to a chat: 9 tokens of the prompt, 3 of which were cached, and 6 of the answer.
fn litellms(headers: &str) -> Vec<u8> {
    let body = r#"{"id":"1","model":"tiny","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop",
        "message":{"role":"assistant","content":"Hello."}}],"usage":{"completion_tokens":6,"prompt_tokens":9,
        "total_tokens":15,"prompt_tokens_details":{"cached_tokens":3}}}"#;
    let answer = String::from_utf8(whole(body)).unwrap();
    answer.replacen("\r\n", &format!("\r\n{headers}"), 1).into_bytes()
}

/// By the price of [`price`].
fn by_table() -> Vec<(String, String, f64)> {
    let input = cost("input", "priced", 6.0 * 2.0 / 1e6);
    let cached = cost("cached_input", "priced", 3.0 * 0.5 / 1e6);
    vec![cached, input, cost("output", "priced", 6.0 * 8.0 / 1e6)]
}

/// What an edge route whose upstream answers so has cost after one chat.
async fn after_one(
    answer: Vec<u8>,
    stream: bool,
    prices: Arc<Prices>,
) -> Vec<(String, String, f64)> {
    let upstream = Scripted::start([Step::Read, Step::Send(answer), Step::Close]).await;
    let listeners = [edge([route("lite", &upstream.url())])];
    let proxy = ProxyGuard::start(&Config { prices, ..config(listeners) });
    let _answer: Answer = ask(proxy.edge(), &Api::Chat.request(stream)).await;
    costs(&proxy.settled().await, &[("route", "lite"), ("model", "tiny")])
}

/// The newest request, once its answer is booked.
async fn newest(sim: &Upstream) -> Recorded {
    let booked = |all: &[Recorded]| all.last().is_some_and(Recorded::finished);
    sim.wait_for(booked, DEADLINE, "the answer is booked").await.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_api_is_priced_to_the_token_streamed_or_not() {
    let plan = Plan {
        prompt_tokens: Some(30),
        cached_tokens: Some(3),
        reasoning_tokens: 2,
        ..Plan::tokens(8)
    };
    let builder = Upstream::builder().engine(Engine::vllm("0.32.0")).models([""; 0]).plan(plan);
    let sim = builder.start().await.unwrap();
    let cases = [Api::Chat, Api::Completions, Api::Responses, Api::Messages, Api::Embeddings];
    let cases = cases.iter().flat_map(|api| [(*api, false), (*api, api.streams())]);
    let cases: Vec<_> =
        cases.enumerate().map(|(n, (api, stream))| (format!("m-{n}"), api, stream)).collect();
    let models: Vec<_> = cases.iter().map(|(model, ..)| model.clone()).collect();
    let only = RouteConfig { models, ..route("only", &sim.url()) };
    let prices = prices([price("m-*")], CostHop::Auto);
    let proxy = ProxyGuard::start(&Config { prices, ..config([engine([only])]) });
    let mut all = 0.0;
    for (model, api, stream) in cases {
        let answer = ask(proxy.engine(), &api.post(&api.body(&model, stream))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let usage = newest(&sim).await.usage.unwrap();
        let scrape = proxy.settled().await;
        let part = |kind: &str| {
            let labels = [("model", &*model), ("kind", kind), ("source", "priced")];
            scrape.sum(NAME, &labels)
        };
        let cached = part("cached_input").map(|_| usage.cached.unwrap());
        let input = (usage.input - cached.unwrap_or(0)) as f64 * 2.0 / 1e6;
        assert_eq!(part("input"), Some(input), "{api:?} {stream}");
        assert_eq!(part("cached_input"), cached.map(|count| count as f64 * 0.5 / 1e6), "{api:?}");
        let output = usage.output as f64 * 8.0 / 1e6;
        assert_eq!(part("output"), api.generates().then_some(output), "{api:?} {stream}");
        assert_eq!(cached.is_some(), usage.cached.is_some(), "{api:?} {stream}");
        all += [part("input"), part("cached_input"), part("output")].iter().flatten().sum::<f64>();
    }
    assert!(near(proxy.settled().await.sum(NAME, &[]), all), "nothing else has a cost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_cut_costs_what_was_seen_of_it() {
    let events = (0..5).map(|_| chunk(&token("x"))).collect::<String>();
    let cut = (STREAM.to_owned() + &events).into_bytes();
    let found = after_one(cut, true, prices([price("tiny")], CostHop::Auto)).await;
    assert_eq!(found, [cost("output", "estimated", 5.0 * 8.0 / 1e6)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellms_number_goes_first_where_it_is_one() {
    let table = || prices([price("tiny")], CostHop::Auto);
    let none = Arc::<Prices>::default;
    let told = |usd| vec![cost("all", "litellm", usd)];
    for (value, usd) in
        [("2.1000000000000002e-05", 2.1000000000000002e-5), ("0.25", 0.25), (" 1 ", 1.0)]
    {
        let answer = || litellms(&format!("x-litellm-response-cost: {value}\r\n"));
        assert_eq!(after_one(answer(), false, table()).await, told(usd), "{value}");
        assert_eq!(after_one(answer(), false, none()).await, told(usd), "{value}");
    }
    let long = "9".repeat(400);
    for value in [
        "0", "0.0", "-0.0", "None", "", "garbage", "-1", "NaN", "inf", "1e300", "1e999", "20000",
        "1,5", &long,
    ] {
        let answer = || litellms(&format!("x-litellm-response-cost: {value}\r\n"));
        assert_eq!(after_one(answer(), false, table()).await, by_table(), "{value}");
        assert_eq!(after_one(answer(), false, none()).await, [], "{value}: unknown is not 0");
    }
    assert_eq!(after_one(litellms(""), false, table()).await, by_table());
    assert_eq!(after_one(litellms(""), false, none()).await, []);
}

/// The head of a stream is sent before anybody can know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_stream_litellm_cannot_know() {
    for value in ["0.0", "0.25"] {
        let head = STREAM.replacen("\r\n", &format!("\r\nx-litellm-response-cost: {value}\r\n"), 1);
        let usage = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\
                     \"completion_tokens\":6,\"total_tokens\":15,\"prompt_tokens_details\":\
                     {\"cached_tokens\":3}}}\n\n";
        let finish = crate::rig::scripted::FINISH;
        let events = [&token("x"), finish, usage, "data: [DONE]\n\n"].map(chunk).concat();
        let stream = (head + &events + crate::rig::scripted::LAST).into_bytes();
        let table = prices([price("tiny")], CostHop::Auto);
        assert_eq!(after_one(stream.clone(), true, table).await, by_table(), "{value}");
        assert_eq!(after_one(stream, true, Arc::default()).await, [], "{value}");
    }
}

/// One request that passes both hops of the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_passes_both_hops_costs_once() {
    for (hop, counted) in [
        (CostHop::Auto, Some("front")),
        (CostHop::Only(Hop::Edge), Some("front")),
        (CostHop::Only(Hop::Engine), Some("back")),
        (CostHop::Off, None),
    ] {
        let upstream = Scripted::start([Step::Read, Step::Send(litellms("")), Step::Close]).await;
        let back = ProxyGuard::start(&Config {
            prices: prices([price("tiny")], hop),
            ..config([
                // It only says that costs are counted at the edge.
                edge([route("unused", &upstream.url())]),
                engine([route("back", &upstream.url())]),
            ])
        });
        let front = ProxyGuard::start(&Config {
            prices: prices([price("tiny")], hop),
            ..config([edge([route("front", &format!("http://{}", back.engine()))])])
        });
        assert_eq!(ask(front.edge(), &Api::Chat.request(false)).await.status, 200);
        let scrapes = [("front", front.settled().await), ("back", back.settled().await)];
        for (route, scrape) in &scrapes {
            let expected = if counted == Some(*route) { by_table() } else { Vec::new() };
            assert_eq!(costs(scrape, &[]), expected, "{hop:?} {route}");
            assert_eq!(scrape.sum("llm_tokens_total", &[("kind", "input")]), Some(9.0), "{route}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_without_a_label_has_its_price_all_the_same() {
    let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
    let proxy = ProxyGuard::start(&Config {
        prices: prices([price("fresh")], CostHop::Auto),
        ..config([engine([route("only", &sim.url())])])
    });
    for model in ["fresh", "rotten"] {
        let body = Api::Chat.body(model, false);
        assert_eq!(ask(proxy.engine(), &Api::Chat.post(&body)).await.status, 200);
        let scrape = proxy.settled().await;
        assert_eq!(scrape.labels_of(NAME, "model").into_iter().collect::<Vec<_>>(), ["other"]);
        let usage = sim.requests()[0].usage.unwrap();
        let expected = (usage.input as f64 * 2.0 + usage.output as f64 * 8.0) / 1e6;
        assert!(near(scrape.sum(NAME, &[]), expected), "{model}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_price_of_a_route_goes_first() {
    let sims =
        [Upstream::builder().start().await.unwrap(), Upstream::builder().start().await.unwrap()];
    let routes = ["cloud", "local"].iter().zip(&sims).map(|(name, sim)| route(name, &sim.url()));
    let free = Price {
        route: Some("local".to_owned()),
        input: 0.0,
        output: 0.0,
        cached_input: None,
        ..price("*")
    };
    let proxy = ProxyGuard::start(&Config {
        prices: prices([price("tiny"), free], CostHop::Auto),
        ..config([engine(routes)])
    });
    for name in ["cloud", "local"] {
        let request = Api::Chat.request(false).to(&format!("/{name}{}", Api::Chat.path()));
        assert_eq!(ask(proxy.engine(), &request).await.status, 200);
    }
    let scrape = proxy.settled().await;
    let of = |route| scrape.sum(NAME, &[("route", route)]);
    assert!(of("cloud").unwrap() > 0.0);
    assert_eq!(of("local"), Some(0.0), "free, and known to be");
}
