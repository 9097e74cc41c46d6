//! The content of an answer cut into pieces, one for each event.

use super::Script;
use crate::fault::Fault;
use crate::json::quote;

/// The name of the function that a tool call calls.
pub(crate) const TOOL: &str = "get_weather";

/// What tokens run through where a plan gives no text of its own.
const WORDS: [&str; 12] = [
    "A",
    " weir",
    " is",
    " a",
    " low",
    " wall",
    " across",
    " a",
    " stream",
    ",",
    " it",
    " measures",
];

/// What a piece is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reasoning,
    Text,
    /// The name of a tool call.
    ToolName,
    /// A part of its arguments.
    ToolArguments,
}

/// The tokens `start..end` of one choice: one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) choice: usize,
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The last piece of its choice.
    pub(crate) last: bool,
}

impl Piece {
    pub(crate) fn tokens(&self) -> usize {
        self.end - self.start
    }
}

impl Script {
    /// All pieces in the order of sending: the choices take turns.
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let one: Vec<Piece> = self.pieces_of_one();
        one.iter()
            .flat_map(|piece| (0..self.ask.choices).map(|choice| Piece { choice, ..*piece }))
            .collect()
    }

    fn pieces_of_one(&self) -> Vec<Piece> {
        let step = self.plan.tokens_per_event.max(1);
        let mut pieces = Vec::new();
        let mut start = 0;
        while start < self.output {
            let kind = self.kind_at(start);
            let border = if kind == Kind::Reasoning { self.reasoning } else { self.output };
            // A tool's name is an event of its own in every dialect.
            let end = if kind == Kind::ToolName { start + 1 } else { (start + step).min(border) };
            pieces.push(Piece { choice: 0, kind, start, end, last: end == self.output });
            start = end;
        }
        pieces
    }

    fn kind_at(&self, token: usize) -> Kind {
        if token < self.reasoning {
            Kind::Reasoning
        } else if !self.calls_tool() {
            Kind::Text
        } else if token == self.reasoning {
            Kind::ToolName
        } else {
            Kind::ToolArguments
        }
    }

    /// The text of a piece.
    pub(crate) fn text(&self, piece: &Piece) -> String {
        (piece.start..piece.end).map(|token| self.token(token)).collect()
    }

    /// The texts of all tokens of one kind, put together.
    pub(crate) fn text_of(&self, kind: Kind) -> String {
        (0..self.output).filter(|&at| self.kind_at(at) == kind).map(|at| self.token(at)).collect()
    }

    fn token(&self, token: usize) -> String {
        match self.kind_at(token) {
            Kind::ToolName => String::new(),
            Kind::ToolArguments => self.argument(token),
            Kind::Reasoning | Kind::Text => self.word(token),
        }
    }

    fn word(&self, token: usize) -> String {
        if let Some(Fault::HugeEvent(bytes)) = self.plan.fault
            && token == 1.min(self.output - 1)
        {
            return "x".repeat(bytes);
        }
        match self.plan.text.len() {
            0 => WORDS[token % WORDS.len()].to_owned(),
            texts => self.plan.text[token % texts].clone(),
        }
    }

    /// Arguments that are one JSON object, if they are two tokens or more.
    fn argument(&self, token: usize) -> String {
        let first = self.reasoning + 1;
        let last = self.output - 1;
        match token {
            _ if first == last => "{}".to_owned(),
            _ if token == first => "{\"city\":\"".to_owned(),
            _ if token == last => "\"}".to_owned(),
            _ => {
                let quoted = quote(&self.word(token));
                quoted[1..quoted.len() - 1].to_owned()
            }
        }
    }
}
