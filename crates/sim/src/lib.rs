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
//! Paths: `POST /v1/chat/completions`, `/v1/completions`, `/v1/responses`, `/v1/messages`,
//! `/v1/embeddings` and `/tokenize`; `GET /v1/models`, `/version`, `/health` and `/metrics`.
//! HTTP/1.0 and 1.1, no TLS.
//!
//! [`Scrape`] and [`eventually`] are for the tests that compare what the upstream knows with what
//! somebody else measured.

mod answer;
mod ask;
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
mod scrape;
mod socket;
mod upstream;
mod usage;

pub use dead_port::DeadPort;
pub use engine::{Engine, EngineError};
pub use eventually::eventually;
pub use fault::{BodyFlavour, ErrorShape, Fault, OVERSIZED_HEAD};
pub use plan::{LineEnd, Plan, PlanError};
pub use recorder::{Ending, Recorded, Totals};
pub use scrape::{Histogram, Sample, Scrape, ScrapeError};
pub use upstream::{Builder, Upstream};
pub use usage::Usage;
