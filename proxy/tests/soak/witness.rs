//! What the upstreams saw: which request how often, and whether that was allowed.

use std::sync::{Arc, Mutex};

use weir_sim::Recorded;

/// The header by which a request is known on both sides.
pub(crate) const ID: &str = "x-soak-id";

/// Not more of what went wrong is kept.
const SHOWN: usize = 20;

/// One byte for each request, whatever was in it.
#[derive(Default)]
pub(crate) struct Witness {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// By id: how often it came, and [`ON_POOLED`].
    requests: Vec<u8>,
    wrong: Vec<String>,
    twice: u64,
}

/// Its first coming was on a connection that had carried another request.
const ON_POOLED: u8 = 0x80;

impl Witness {
    /// What one upstream calls with each of its requests.
    pub(crate) fn observer(self: &Arc<Self>) -> impl Fn(&Recorded) + Send + Sync + 'static {
        let witness = Arc::clone(self);
        let connections = Mutex::new(Vec::new());
        move |request| {
            let is_first = {
                let mut used = connections.lock().unwrap();
                let number = request.connection as usize;
                if used.len() <= number {
                    used.resize(number + 1, false);
                }
                !std::mem::replace(&mut used[number], true)
            };
            // Weir's own questions have none.
            if let Some(id) = request.header(ID).and_then(|id| id.parse().ok()) {
                witness.see(id, is_first, request);
            }
        }
    }

    /// The one rule by which a request may come twice: its connection was a pooled one, which ended
    /// before a byte of the answer; then it comes on a fresh one.
    fn see(&self, id: usize, is_first_of_connection: bool, request: &Recorded) {
        let mut seen = self.seen.lock().unwrap();
        if seen.requests.len() <= id {
            seen.requests.resize(id + 1, 0);
        }
        match seen.requests[id] {
            0 if is_first_of_connection => seen.requests[id] = 1,
            0 => seen.requests[id] = 1 | ON_POOLED,
            before => {
                let plan = request.header("x-sim").unwrap_or_default();
                let ended_at_once =
                    plan.contains("reset_before_head") || plan.contains("close_before_head");
                let allowed = before == 1 | ON_POOLED && is_first_of_connection && ended_at_once;
                if allowed {
                    seen.twice += 1;
                } else if seen.wrong.len() < SHOWN {
                    let path = &request.path;
                    seen.wrong.push(format!("request {id} (POST {path}, {plan:?}) once more"));
                }
                seen.requests[id] = before + 1;
            }
        }
    }

    /// Whether an upstream has had the request's head.
    pub(crate) fn has_seen(&self, id: u64) -> bool {
        self.seen.lock().unwrap().requests.get(id as usize).is_some_and(|times| *times > 0)
    }

    /// Those that came twice as they may.
    pub(crate) fn twice(&self) -> u64 {
        self.seen.lock().unwrap().twice
    }

    /// Those that came again as they may not, in words.
    pub(crate) fn duplicated(&self) -> Vec<String> {
        self.seen.lock().unwrap().wrong.clone()
    }
}
