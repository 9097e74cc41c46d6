//! The text of an answer, for those who asked to keep it and for conversations. Pure, bounded.

mod apis;
mod cut_json;
mod text;

use serde_json::Value;
use weir_wire::Endpoint;
use weir_wire::sse::{Decoder, Frame};

use self::text::Kept;
pub(crate) use self::text::Text;

/// A larger event is passed over.
const MOST_EVENT: usize = 1 << 20;
/// So much of an answer that is no stream is held until its end; of a longer one, what stands before counts.
const MOST_BODY: usize = 4 << 20;

/// Collects the text of one answer, piece by piece.
#[derive(Debug)]
pub(crate) struct Collector {
    endpoint: Endpoint,
    form: Form,
    kept: Kept,
}

#[derive(Debug)]
enum Form {
    Stream(Box<Decoder>),
    Whole(Vec<u8>),
}

impl Collector {
    /// `streamed`: the answer is a stream of events.
    pub(crate) fn new(endpoint: Endpoint, streamed: bool) -> Self {
        let form = if streamed {
            Form::Stream(Box::new(Decoder::new(MOST_EVENT)))
        } else {
            Form::Whole(Vec::new())
        };
        Self { endpoint, form, kept: Kept::default() }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        let (endpoint, kept) = (self.endpoint, &mut self.kept);
        match &mut self.form {
            Form::Stream(decoder) => decoder.push(piece, |_end, frame| read(endpoint, frame, kept)),
            Form::Whole(body) => {
                let room = piece.len().min(MOST_BODY.saturating_sub(body.len()));
                body.extend_from_slice(piece.get(..room).unwrap_or_default());
                kept.cut(room < piece.len());
            }
        }
    }

    pub(crate) fn finish(mut self) -> Text {
        let (endpoint, kept) = (self.endpoint, &mut self.kept);
        match &mut self.form {
            Form::Stream(decoder) => decoder.finish(|frame| read(endpoint, frame, kept)),
            Form::Whole(body) => {
                if let Some(body) = cut_json::read(body) {
                    apis::whole(endpoint, &body, kept);
                }
            }
        }
        self.kept.text()
    }
}

fn read(endpoint: Endpoint, frame: Frame<'_>, kept: &mut Kept) {
    match frame {
        Frame::Event { data, .. } => {
            if let Ok(event) = serde_json::from_slice::<Value>(data) {
                apis::event(endpoint, &event, kept);
            }
        }
        Frame::TooLarge => kept.cut(true),
        Frame::Nothing | Frame::LineFeed => {}
    }
}

#[cfg(test)]
mod tests;
