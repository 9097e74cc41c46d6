//! Reports for tests.

use std::collections::BTreeMap;

use weir_daemon::config::Span;

use super::{
    Beside, BesideRow, Content, EngineFacts, Environment, Figures, Found, Goodput, Gpu, Gpus,
    Latency, Report, Request, RunStatus, SCHEMA, Second, StageReport, Tester, TokenSum,
};
use crate::scenario::{Scenario, Slo};

/// A report with nothing in it.
pub(crate) fn report(id: &str) -> Report {
    Report {
        schema: SCHEMA,
        id: id.to_owned(),
        name: "quick".to_owned(),
        status: RunStatus::Finished,
        started_at: "2026-11-22T14:00:00.000Z".to_owned(),
        ended_at: Some("2026-11-22T14:00:10.000Z".to_owned()),
        written_at: "2026-11-22T14:00:10.000Z".to_owned(),
        target: "http://127.0.0.1:9800".to_owned(),
        scenario: Scenario { name: "quick".to_owned(), ..Scenario::default() },
        environment: Environment { weir_version: "0.1.0".to_owned(), ..Environment::default() },
        summary: Figures::default(),
        models: BTreeMap::new(),
        stages: Vec::new(),
        search: None,
        timeline: Vec::new(),
        gpus: None,
        proxy: None,
        tester: Tester::default(),
        warnings: Vec::new(),
        requests: Vec::new(),
        contents: Vec::new(),
    }
}

/// A report with everything in it.
pub(crate) fn full() -> Report {
    let figures = figures();
    Report {
        models: BTreeMap::from([("tiny".to_owned(), Figures::default())]),
        stages: vec![StageReport {
            rate: Some(4.0),
            concurrency: Some(2),
            good: Some(true),
            figures: Figures::default(),
        }],
        search: Some(Found { rate: Some(4.0), too_much: Some(8.0) }),
        timeline: vec![Second {
            time_to_first_token_p50: Some(0.08),
            time_to_first_token_p95: Some(0.1),
            inter_token_latency_p50: Some(0.01),
            inter_token_latency_p95: Some(0.02),
            ..Second::default()
        }],
        gpus: Some(gpus()),
        proxy: Some(Beside {
            source: "http://127.0.0.1:9900/metrics".to_owned(),
            same_requests: true,
            rows: vec![BesideRow {
                what: "requests".to_owned(),
                unit: String::new(),
                tester: Some(1.0),
                proxy: Some(1.0),
                difference: Some(0.0),
            }],
        }),
        tester: Tester { cores_used: Some(0.5), machine_busy: Some(0.25) },
        warnings: vec!["Something.".to_owned()],
        requests: vec![request()],
        contents: vec![Content { reasoning: "Hm.".to_owned(), ..Content::default() }],
        summary: figures,
        environment: environment(),
        ..report("full")
    }
}

fn figures() -> Figures {
    let tokens = || Some(TokenSum { total: 5, per_second: 2.5, estimated: 1 });
    Figures {
        outcomes: BTreeMap::from([("success".to_owned(), 1)]),
        success_rate: Some(1.0),
        input_tokens: tokens(),
        output_tokens: tokens(),
        goodput: Some(Goodput {
            slo: Slo { duration: Some(Span::from_secs(2)), ..Slo::default() },
            ..Goodput::default()
        }),
        latencies: BTreeMap::from([(
            "duration".to_owned(),
            Latency { buckets: vec![(0.1, 1)], ..Latency::default() },
        )]),
        ..Figures::default()
    }
}

fn gpus() -> Gpus {
    let card = Gpu {
        gpu: "0".to_owned(),
        uuid: "GPU-0".to_owned(),
        utilisation_mean: Some(0.5),
        memory_used_bytes_max: Some(1e9),
        memory_total_bytes: Some(2e9),
        temperature_celsius_max: Some(60.0),
        joules: Some(100.0),
    };
    Gpus {
        source: "Prometheus".to_owned(),
        cards: vec![card],
        joules: Some(100.0),
        joules_per_output_token: Some(20.0),
    }
}

fn request() -> Request {
    let time = Some(0.01);
    Request {
        scheduled: Some(0.5),
        stage: Some(0),
        http_status: Some(200),
        time_to_first_byte: time,
        time_to_first_token: time,
        time_to_first_answer_token: time,
        time_per_output_token: time,
        mean_gap: time,
        longest_gap: time,
        input_tokens: Some(5),
        output_tokens: Some(5),
        finish_reason: Some("stop".to_owned()),
        good: Some(true),
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
        ..Request::default()
    }
}

fn environment() -> Environment {
    Environment {
        weir_version: "0.1.0".to_owned(),
        labels: BTreeMap::from([("change".to_owned(), "prefix-caching".to_owned())]),
        commit: Some("05b593c".to_owned()),
        host: Some("bench".to_owned()),
        cores: Some(16),
        engines: vec![EngineFacts {
            model: Some("tiny".to_owned()),
            name: Some("vllm".to_owned()),
            version: Some("0.32.0".to_owned()),
            max_model_len: Some(8_192),
            flags: BTreeMap::from([("block_size".to_owned(), "16".to_owned())]),
        }],
        gpus: BTreeMap::from([("NVIDIA H200".to_owned(), 8)]),
    }
}
