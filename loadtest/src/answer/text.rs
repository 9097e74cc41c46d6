//! What was said, and its bounds.

use crate::report::MOST_TEXT;

/// What was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) answer: String,
    pub(crate) reasoning: String,
    /// Some of it was left out: it was longer than [`MOST_TEXT`].
    pub(crate) cut: bool,
}

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Kept {
    text: Text,
    /// Which call the last piece was of, while calls are written.
    call: Option<u64>,
}

impl Kept {
    pub(super) fn answer(&mut self, piece: &str) {
        // What follows a call begins a line.
        if self.call.is_some() && !piece.is_empty() {
            self.call = None;
            self.line();
        }
        self.text.cut |= append(&mut self.text.answer, piece);
    }

    pub(super) fn reasoning(&mut self, piece: &str) {
        self.text.cut |= append(&mut self.text.reasoning, piece);
    }

    /// A piece of the arguments of the call `number`: each call has a line of its own.
    pub(super) fn call(&mut self, number: u64, piece: &str) {
        if self.call != Some(number) && !piece.is_empty() {
            self.call = Some(number);
            self.line();
        }
        self.text.cut |= append(&mut self.text.answer, piece);
    }

    /// Notes whether something was left out.
    pub(super) fn cut(&mut self, is: bool) {
        self.text.cut |= is;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.answer.is_empty() && self.text.reasoning.is_empty()
    }

    pub(super) fn text(self) -> Text {
        self.text
    }

    fn line(&mut self) {
        if !self.text.answer.is_empty() {
            self.text.cut |= append(&mut self.text.answer, "\n");
        }
    }
}

/// Appends what there is room for, whole characters; returns whether something was left out.
fn append(text: &mut String, piece: &str) -> bool {
    let room = MOST_TEXT.saturating_sub(text.len());
    let end = piece.floor_char_boundary(room);
    text.push_str(piece.get(..end).unwrap_or_default());
    end < piece.len()
}
