//! Connections out of the pool that are closed at the worst moment, at every endpoint: what is sent
//! once more, and what is not.

use std::time::Duration;

use crate::rig::scripted::{Scripted, Seen as Sent, Step, whole};
use crate::rig::{Api, End, ProxyGuard, Request, ask, config, engine, route};
use crate::table::{RESET, Seen, outcomes, own};

/// When the upstream ends the connection of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// As the request arrives.
    AtOnce,
    /// When it may have worked on the request.
    Late,
    InTheHead,
    InTheBody,
    /// As the request arrives, which is too large to be sent again.
    AtOnceLarge,
}

/// A moment in words, what comes of it whether the connection is closed or reset, how often the
/// upstream sees the request, and how often Weir sends it again.
pub(crate) const TABLE: &[(Moment, &str, Seen, usize, u64)] = &[
    (Moment::AtOnce, "as the request arrives", Seen::Same("success"), 2, 1),
    (Moment::Late, "later than 100 ms after the request", RESET, 1, 0),
    (Moment::InTheHead, "in the middle of the answer's head", RESET, 1, 0),
    (Moment::InTheBody, "in the middle of the answer's body", Seen::Same("upstream_reset"), 1, 0),
    (
        Moment::AtOnceLarge,
        "as a request of more than 64 KiB arrives (which comes only by one that was idle for less than 0.5 s)",
        RESET,
        1,
        0,
    ),
];

const GOOD: &str = r#"{"id":"1","model":"tiny"}"#;

impl Moment {
    /// What the upstream does on the connection on which it reads the request.
    fn steps(self, end: &Step) -> Vec<Step> {
        let before = match self {
            Self::AtOnce | Self::AtOnceLarge => None,
            Self::Late => Some(Step::Wait(Duration::from_millis(200))),
            Self::InTheHead => Some(Step::Send(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec())),
            Self::InTheBody => {
                let mut answer = whole(GOOD);
                answer.truncate(answer.len() - 5);
                Some(Step::Send(answer))
            }
        };
        before.into_iter().chain([end.clone()]).collect()
    }

    fn is_large(self) -> bool {
        matches!(self, Self::AtOnceLarge)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_can_not_have_been_answered_is_sent_again() {
    for (moment, _, seen, sent, retries) in TABLE {
        for api in Api::ALL {
            for stream in [false, true] {
                if !stream || api.streams() {
                    let end = if stream { Step::Close } else { Step::Reset };
                    cell((*moment, api, stream), &end, *seen, (*sent, *retries)).await;
                }
            }
        }
    }
}

/// A plain request leaves a connection in the pool; what comes next finds it.
async fn cell(
    (moment, api, stream): (Moment, Api, bool),
    end: &Step,
    seen: Seen,
    (sent, retries): (usize, u64),
) {
    let what = format!("{moment:?}, {end:?}, {}, stream {stream}", api.label());
    let first = vec![Step::Read, Step::Send(whole("{}")), Step::Read];
    let good = vec![Step::Read, Step::Send(whole(GOOD)), Step::Stall];
    let upstream = Scripted::of(vec![[first, moment.steps(end)].concat(), good]).await;
    let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
    // What can't be sent again has a pool of its own.
    let before = match moment.is_large() {
        true => Request::post("/version", vec![b'x'; 65 << 10]),
        false => Request::get("/version"),
    };
    assert_eq!(ask(proxy.engine(), &before).await.status, 200, "{what}");
    proxy.settled().await;

    let answer = ask(proxy.engine(), &request(api, stream, moment.is_large())).await;
    let scrape = proxy.settled().await;
    let outcome = match seen {
        Seen::Own(outcome, status, reason) => {
            own(&what, api, &answer, status, reason);
            outcome
        }
        Seen::Same(outcome) => {
            assert_eq!((answer.status, answer.header("x-weir-error")), (200, None), "{what}");
            let is_whole = outcome == "success";
            assert_eq!(answer.end == End::Complete, is_whole, "{what}");
            assert!(GOOD.starts_with(answer.text()), "{what}: {}", answer.text());
            outcome
        }
    };
    assert_eq!(outcomes(&scrape, api), [(outcome.to_owned(), 1)], "{what}");
    let tried_again = scrape.sum("weir_upstream_retries_total", &[]);
    assert_eq!(tried_again, Some(retries as f64), "{what}");
    let Sent { requests, .. } = upstream.seen();
    assert_eq!(requests - 1, sent, "{what}: how often it was sent");
}

fn request(api: Api, stream: bool, is_large: bool) -> Request {
    let mut body = api.body("tiny", stream);
    if is_large {
        body["user"] = "x".repeat(64 << 10).into();
    }
    api.post(&body)
}
