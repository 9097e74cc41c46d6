//! Runs as tests need them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::report::{Content, Figures, Latency, Report, Request, Second, TokenSum, samples};

/// A finished run with three requests, no contents.
pub(crate) fn report(id: &str) -> Report {
    let latency = Latency { count: 3, mean: 0.1, p50: 0.1, p95: 0.12, ..Latency::default() };
    Report {
        started_at: started_at(id),
        summary: Figures {
            seconds: 2.0,
            sent: 3,
            ended: 3,
            outcomes: [("success".to_owned(), 3)].into(),
            success_rate: Some(1.0),
            requests_per_second: 1.5,
            successes_per_second: 1.5,
            output_tokens: Some(TokenSum { total: 30, per_second: 15.0, estimated: 0 }),
            latencies: [("time_to_first_token".to_owned(), latency)].into(),
            ..Figures::default()
        },
        timeline: vec![second(1.0), second(2.0)],
        requests: (0..3).map(request).collect(),
        ..samples::report(id)
    }
}

/// `20261122T140501-3fa9c2` began at 14:05:01.
fn started_at(id: &str) -> String {
    let part = |from: usize, to: usize| id.get(from..to).expect("a whole id");
    let (date, time) = ((part(0, 4), part(4, 6), part(6, 8)), (part(9, 11), part(11, 13)));
    format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, part(13, 15))
}

pub(crate) fn second(at: f64) -> Second {
    // No sum of powers of two: what is read is to be what was written, to the last bit.
    Second {
        at,
        sent: 2,
        succeeded: 1,
        time_to_first_token_p50: Some(0.1 + 0.2),
        ..Second::default()
    }
}

pub(crate) fn request(number: u64) -> Request {
    Request {
        number,
        at: number as f64 * 0.1,
        model: "tiny".to_owned(),
        streamed: true,
        outcome: "success".to_owned(),
        http_status: Some(200),
        duration: 0.3,
        time_to_first_token: Some(0.1),
        time_per_output_token: Some(0.02),
        mean_gap: Some(0.02),
        events: 10,
        output_tokens: Some(10),
        ..Request::default()
    }
}

pub(crate) fn content(request: u64, model: &str, prompt: &str, answer: &str) -> Content {
    Content {
        request,
        model: model.to_owned(),
        prompt_number: request / 2,
        prompt: prompt.to_owned(),
        answer: answer.to_owned(),
        ..Content::default()
    }
}

/// A folder of a test's own, removed with its test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "weir-loadtest-store-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}
