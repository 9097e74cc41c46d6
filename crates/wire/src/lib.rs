//! The pure meter of LLM traffic: bytes and instants in, plain data out.
//!
//! Give an [`Exchange`] the bytes of one HTTP request and its answer, with the instant at which
//! each piece was seen, and it tells what happened: the model, the time to the first token, the
//! gaps between tokens, the tokens that the server reports, and how it ended. It speaks OpenAI's
//! chat completions, completions, responses, embeddings, audio and realtime, Anthropic's messages,
//! and the rerank, score, classify and pooling of Cohere and vLLM, as OpenAI, Anthropic, vLLM (0.4 to
//! 0.33), LiteLLM, llama.cpp, SGLang and TGI really send them.
//!
//! ```
//! use std::time::Duration;
//! use weir_wire::{End, Endpoint, Exchange, OutcomeKind, Policy, RequestHead, ResponseHead};
//!
//! let at = Duration::from_millis; // since the request's head was fully read
//! let mut exchange = Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::observe());
//!
//! exchange.on_request_body(br#"{"model":"tiny","messages":[],"stream":true}"#, true);
//! exchange.on_request_sent(at(1));
//! exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
//! exchange.on_response_body(at(40), b"data: {\"choices\":[{\"delta\":{\"content\":\"Hel");
//! exchange.on_response_body(at(41), b"lo\"}}]}\n\n");
//! exchange.on_response_body(at(61), b"data: {\"choices\":[{\"delta\":{\"content\":\"!\"},\
//!     \"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n");
//! exchange.on_response_end();
//!
//! let outcome = exchange.outcome(at(62), End::Complete);
//! assert_eq!(outcome.kind, OutcomeKind::Success);
//! assert_eq!(outcome.model.as_deref(), Some("tiny"));
//! assert_eq!(outcome.time_to_first_token, Some(at(40)));
//! assert_eq!(outcome.time_per_output_token, Some(at(20)));
//! assert_eq!(outcome.tokens.output.map(|tokens| tokens.count), Some(2));
//! ```
//!
//! # What this crate promises
//!
//! * It does no I/O, reads no clock, starts no thread and writes no log. Time is an argument: a
//!   [`Duration`](std::time::Duration) since the request's head was fully read.
//! * How the bytes are cut does not matter: any cut gives the same [`Outcome`], but for the times
//!   that the caller gives with the pieces, and for compressed bodies that are broken or expand so
//!   much that reading stops.
//! * Memory is bounded by [`Limits`], whatever the client or the server sends.
//! * It never fails. What it cannot read it leaves out, and says so in [`Outcome::degraded`].
//! * The bytes that it hands back are the bytes that it was given, but for the usage that it was
//!   told to ask for, see [`UsagePolicy::Exact`].
//!
//! The words (first token, inter-token latency …) are defined once, at the fields of [`Outcome`]
//! and [`Progress`]; whoever measures with this crate means the same by them.

mod coding;
mod dialect;
mod endpoint;
mod error_body;
mod exchange;
mod form;
mod forward;
mod guard;
mod head;
mod hold;
mod lenient;
mod limits;
mod lossy;
mod members;
mod models;
mod outcome;
mod policy;
mod report;
mod request;
mod response;
mod shares;
mod skim;
mod spans;
pub mod sse;
mod timing;
mod trap;
mod usage;
mod wanted;
mod websocket;

pub use endpoint::{Class, Endpoint, classify};
pub use error_body::refuses_stream_options;
pub use exchange::{End, Exchange};
pub use forward::{Addition, Forward};
pub use head::{RequestHead, ResponseHead};
pub use limits::Limits;
pub use models::listed_models;
pub use outcome::{
    Degraded, Outcome, OutcomeKind, Source, Status, TokenCounts, Tokens, UsageMissing,
};
pub use policy::{Policy, UsagePolicy};
pub use report::{EngineReport, GatewayReport};
pub use request::{Parameters, RequestFacts};
pub use timing::{COALESCE, Progress};
#[cfg(any(test, debug_assertions))]
#[doc(hidden)]
pub use trap::plant_trap;
