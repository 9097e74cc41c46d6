//! A span as plain data, and what OpenTelemetry's types make of it.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::trace::{
    Event as OtelEvent, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Array, InstrumentationScope, KeyValue, StringValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// A call of something else (kind `CLIENT`) that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace that it belongs to; not 0.
    pub trace: u128,
    /// Its own identifier; not 0.
    pub id: u64,
    /// The span that it is a part of, in another process.
    pub parent: Option<u64>,
    /// What it is called: of few values.
    pub name: String,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Whether it failed.
    pub is_error: bool,
    /// What is known of it.
    pub attributes: Vec<(&'static str, Value)>,
    /// What happened in it, in the order of time.
    pub events: Vec<Event>,
}

/// A moment of a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub name: &'static str,
    /// When.
    pub at: SystemTime,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One of a closed list.
    Word(&'static str),
    /// Any text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// A count; more than fits is the most that does.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(crate) fn into_otel(self) -> opentelemetry::Value {
        match self {
            Self::Word(word) => word.into(),
            Self::Text(text) => text.into(),
            Self::Texts(texts) => {
                let texts = texts.into_iter().map(StringValue::from).collect();
                opentelemetry::Value::Array(Array::String(texts))
            }
            Self::Integer(number) => number.into(),
            Self::Float(number) => number.into(),
            Self::Flag(flag) => flag.into(),
        }
    }
}

impl Span {
    pub(crate) fn into_otel(self, scope: &InstrumentationScope) -> SpanData {
        let context = SpanContext::new(
            TraceId::from(self.trace),
            SpanId::from(self.id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        let mut events = SpanEvents::default();
        let happened = self.events.into_iter();
        events.events = happened
            .map(|it| OtelEvent::new(Cow::Borrowed(it.name), it.at, Vec::new(), 0))
            .collect();
        let attributes = self.attributes.into_iter();
        SpanData {
            span_context: context,
            parent_span_id: self.parent.map_or(SpanId::INVALID, SpanId::from),
            parent_span_is_remote: self.parent.is_some(),
            span_kind: SpanKind::Client,
            name: Cow::Owned(self.name),
            start_time: self.start,
            end_time: self.end,
            attributes: attributes
                .map(|(key, value)| KeyValue::new(key, value.into_otel()))
                .collect(),
            dropped_attributes_count: 0,
            events,
            links: SpanLinks::default(),
            status: if self.is_error { Status::error("") } else { Status::Unset },
            instrumentation_scope: scope.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_to_the_sdk() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_234_567_891);
        let span = Span {
            trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
            id: 7,
            parent: Some(9),
            name: "chat llama".to_owned(),
            start,
            end: start + Duration::from_secs(2),
            is_error: true,
            attributes: vec![
                ("word", Value::Word("w")),
                ("count", Value::count(u64::MAX)),
                ("texts", Value::Texts(vec!["stop".to_owned()])),
            ],
            events: vec![Event { name: "first_token", at: start + Duration::from_millis(1) }],
        };
        let scope = InstrumentationScope::builder("weir").build();
        let data = span.clone().into_otel(&scope);
        assert_eq!(data.span_context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(data.span_context.span_id().to_string(), "0000000000000007");
        assert_eq!(data.parent_span_id.to_string(), "0000000000000009");
        assert!(data.parent_span_is_remote);
        assert_eq!((data.start_time, data.end_time), (start, start + Duration::from_secs(2)));
        assert_eq!(data.events.events[0].timestamp, start + Duration::from_millis(1));
        assert_eq!(data.attributes[1].value, opentelemetry::Value::I64(i64::MAX));
        assert!(matches!(data.status, Status::Error { .. }));
        let root = Span { parent: None, is_error: false, ..span }.into_otel(&scope);
        assert_eq!((root.parent_span_id, root.status), (SpanId::INVALID, Status::Unset));
    }
}
