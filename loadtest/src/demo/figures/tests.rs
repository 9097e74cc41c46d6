use super::*;

const BEFORE: &str = r#"
llm_requests_started_total{route="a",hop="engine",endpoint="chat_completions",model="m"} 4
llm_requests_started_total{route="b",hop="engine",endpoint="chat_completions",model="n"} 0
llm_requests_total{route="a",hop="engine",model="m",outcome="success",status="success"} 4
llm_active_requests{route="a",hop="engine",endpoint="chat_completions"} 0
llm_time_to_first_token_seconds_bucket{route="a",hop="engine",model="m",le="0.1"} 4
llm_time_to_first_token_seconds_bucket{route="a",hop="engine",model="m",le="0.2"} 4
llm_time_to_first_token_seconds_bucket{route="a",hop="engine",model="m",le="+Inf"} 4
llm_time_to_first_token_seconds_sum{route="a",hop="engine",model="m"} 0.2
llm_time_to_first_token_seconds_count{route="a",hop="engine",model="m"} 4
llm_tokens_total{route="a",hop="engine",model="m",kind="output",source="reported"} 100
"#;

const AFTER: &str = r#"
llm_requests_started_total{route="a",hop="engine",endpoint="chat_completions",model="m"} 20
llm_requests_started_total{route="a",hop="engine",endpoint="completions",model="m"} 4
llm_requests_started_total{route="b",hop="engine",endpoint="chat_completions",model="n"} 0
llm_requests_started_total{route="unrouted",hop="engine",endpoint="chat_completions",model="other"} 0
llm_requests_total{route="a",hop="engine",endpoint="completions",model="m",outcome="success",status="success"} 4
llm_requests_total{route="a",hop="engine",endpoint="chat_completions",model="m",outcome="success",status="success"} 15
llm_requests_total{route="a",hop="engine",model="m",outcome="rate_limited",status="client"} 1
llm_requests_total{route="a",hop="engine",model="m",outcome="truncated",status="error"} 2
llm_requests_total{route="a",hop="engine",model="m",outcome="shutdown",status="error"} 0
llm_active_requests{route="a",hop="engine",endpoint="chat_completions"} 2
llm_time_to_first_token_seconds_bucket{route="a",hop="engine",model="m",le="0.1"} 4
llm_time_to_first_token_seconds_bucket{route="a",hop="engine",model="m",le="0.2"} 14
llm_time_to_first_token_seconds_bucket{route="a",hop="engine",model="m",le="+Inf"} 14
llm_time_to_first_token_seconds_sum{route="a",hop="engine",model="m"} 1.7
llm_time_to_first_token_seconds_count{route="a",hop="engine",model="m"} 14
llm_tokens_total{route="a",hop="engine",model="m",kind="input",source="reported"} 9000
llm_tokens_total{route="a",hop="engine",model="m",kind="output",source="reported"} 580
llm_tokens_total{route="a",hop="engine",model="m",kind="output",source="estimated"} 20
"#;

fn figures(before: &str, after: &str, seconds: u64) -> Figures {
    let read = |text: &str| Scrape::parse(text).unwrap();
    Figures::between(&read(before), &read(after), Duration::from_secs(seconds))
}

#[test]
fn rates_and_quantiles_are_of_the_window() {
    let Figures { rows, all, .. } = figures(BEFORE, AFTER, 10);
    let names: Vec<_> = rows.iter().map(|row| (&*row.route, &*row.model)).collect();
    assert_eq!(names, [("a", "m"), ("b", "n")]);
    let busy = &rows[0].measured;
    assert_eq!(busy.requests_per_second, Some(2.0));
    // The four fast ones were before the window.
    assert!((busy.first_token_p50.unwrap() - 0.15).abs() < 1e-9, "{busy:?}");
    assert!((busy.first_token_p95.unwrap() - 0.195).abs() < 1e-9, "{busy:?}");
    assert_eq!(busy.tokens_per_second, Some(50.0));
    assert!(busy.tokens_estimated);
    assert_eq!(all, *busy);
}

#[test]
fn counts_are_since_the_start() {
    let figures = figures(BEFORE, AFTER, 10);
    assert_eq!((figures.all.started, figures.all.in_flight), (24, 2));
    assert_eq!(figures.ledger, Ledger { started: 24, ended: 22, active: 2 });
    let outcomes: Vec<_> =
        figures.all.outcomes.iter().map(|(outcome, count)| (&*outcome.name, *count)).collect();
    assert_eq!(outcomes, [("success", 19), ("rate_limited", 1), ("truncated", 2)]);
    assert!(figures.ledger_adds_up());
    let ledger = Ledger { active: 3, ..figures.ledger };
    assert!(!Figures { ledger, ..figures }.ledger_adds_up());
}

/// The same requests, as the edge counts them.
const THROUGH_THE_EDGE: &str = r#"
llm_requests_started_total{route="gateway",hop="edge",endpoint="chat_completions",model="m"} 9
llm_requests_total{route="gateway",hop="edge",model="m",outcome="success",status="success"} 8
llm_active_requests{route="gateway",hop="edge",endpoint="chat_completions"} 1
llm_tokens_total{route="gateway",hop="edge",model="m",kind="output",source="reported"} 300
"#;

#[test]
fn what_came_through_the_edge_is_counted_once() {
    let engines = figures(BEFORE, AFTER, 10);
    let both = figures(BEFORE, &format!("{AFTER}{THROUGH_THE_EDGE}"), 10);
    let edge = Ledger { started: 9, ended: 8, active: 1 };
    assert_eq!(both, Figures { edge, ..engines });
    assert!(both.ledger_adds_up());
    let edge = Ledger { ended: 7, ..edge };
    assert!(!Figures { edge, ..both }.ledger_adds_up());
}

#[test]
fn what_nobody_said_is_absent() {
    let Figures { rows, .. } = figures(BEFORE, AFTER, 10);
    let idle = &rows[1].measured;
    let expected = Measured { requests_per_second: Some(0.0), ..Measured::default() };
    assert_eq!(*idle, expected);
    assert_eq!(rows[0].measured.inter_token_p50, None);
}

#[test]
fn a_single_scrape_has_no_rates() {
    let Figures { all, .. } = figures(AFTER, AFTER, 0);
    assert_eq!((all.requests_per_second, all.first_token_p50), (None, None));
    assert_eq!((all.tokens_per_second, all.started), (None, 24));
}
