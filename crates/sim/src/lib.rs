//! A scripted upstream: an OpenAI- and Anthropic-compatible server that imitates vLLM, LiteLLM or
//! llama.cpp byte shape for byte shape, says exactly what it is told to say at the pace it is
//! told, fails on request, and remembers every request and every token that it sent.
//!
//! It serves end-to-end tests in process, and people as `weir-loadtest sim`.
//!
//! ```
//! use weir_sim::{Engine, Fault, Plan, Upstream};
//!
//! # async fn run() -> std::io::Result<()> {
//! let upstream = Upstream::builder()
//!     .engine(Engine::vllm("0.32.0"))
//!     .models(["tiny"])
//!     .plan(Plan::tokens(8))
//!     .start()
//!     .await?;
//! // The next request is cut off after three tokens; the ones after it get eight.
//! upstream.push(Plan::fault(Fault::ResetMidEvent { after_events: 3 }));
//! println!("send requests to {}/v1/chat/completions", upstream.url());
//! assert_eq!(upstream.totals().output_tokens, 0);
//! # Ok(())
//! # }
//! ```
//!
//! Which [`Plan`] answers a request: that of its own `x-sim` header
//! (`x-sim: tokens=32,ttft=50ms,fault=stall:5`), else the next of the queue, else the default.
//!
//! Paths, as far as the imitated version has them (others are 404):
//!
//! | | |
//! |---|---|
//! | text | `POST /v1/chat/completions`, `/v1/chat/completions/batch`, `/v1/completions`, `/v1/responses`, `/v1/messages` |
//! | vectors, scores | `POST /v1/embeddings`, `/v2/embed`, `/pooling`, `/classify`, `/score`, `/v1/score`, `/rerank`, `/v1/rerank`, `/v2/rerank` |
//! | sound | `POST /v1/audio/transcriptions`, `/v1/audio/translations` (multipart forms), `/v1/audio/speech`; `GET /v1/realtime` (a WebSocket) |
//! | any, by the body's shape | `POST /invocations` |
//! | a stored response | `GET /v1/responses/{id}`, with `?stream=true` as its events (`&starting_after=N`) |
//! | the rest | `POST /tokenize`; `GET /v1/models`, `/version`, `/health`, `/metrics` |
//!
//! Some things go by the name of the model: audio requests for `whisper-1` and names with `gpt-4o`
//! are answered as OpenAI does, and an invocation with `input` classifies if the name has `classif`
//! in it. A realtime session with `?model=` in its target is OpenAI's, one without is vLLM's.
//!
//! HTTP/1.0 and 1.1, no TLS. Bodies are compressed if a plan says so ([`Plan::coding`]), or for
//! requests that accept it ([`Engine::compress`]).
//!
//! [`Scrape`] and [`eventually`] are for the tests that compare what the upstream knows with what
//! somebody else measured.

mod answer;
mod api;
mod ask;
mod coding;
mod connection;
mod dead_port;
mod engine;
mod engine_metrics;
mod error_body;
mod eventually;
mod exchange;
mod fault;
mod frame;
mod http_date;
mod json;
mod pages;
mod plan;
mod recorder;
mod reply;
mod request;
mod route;
mod scrape;
mod socket;
mod stored;
mod upstream;
mod usage;
mod websocket;

pub use coding::Coding;
pub use dead_port::DeadPort;
pub use engine::{Engine, EngineError};
pub use engine_metrics::Served;
pub use eventually::eventually;
pub use fault::{BodyFlavour, ErrorShape, Fault, OVERSIZED_HEAD};
pub use plan::{LineEnd, Plan, PlanError};
pub use recorder::{Ending, Recorded, Totals};
pub use scrape::{Histogram, Sample, Scrape, ScrapeError};
pub use upstream::{Builder, Upstream};
pub use usage::Usage;
