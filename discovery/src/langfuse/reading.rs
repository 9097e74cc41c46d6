//! A window that is being read: what was answered, and what is still to be asked.

use std::collections::BTreeMap;

use super::client::Told;
use super::project::Scope;
use super::query::Question;
use super::rows::{ModelUsage, NumericScore, Table};
use super::trouble::Trouble;
use super::window::Window;

/// A question that failed this often, while LangFuse was there, is given up for this window.
const MOST_ATTEMPTS: u32 = 3;

/// What was answered; `None`: nothing, or it can't be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answers {
    pub(super) generations: Option<Table<ModelUsage>>,
    pub(super) errors: Option<Table<u64>>,
    pub(super) traces: Option<u64>,
    pub(super) numeric: Option<Table<NumericScore>>,
    pub(super) categorical: Option<Table<(String, u64)>>,
}

/// A window that is being read. What was answered stays, whatever happens to the rest.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) window: Window,
    pub(super) answers: Answers,
    /// What is still to be asked, and how often it has failed.
    open: BTreeMap<Question, u32>,
}

/// What to do about a question that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Ask the next one; this one again later.
    GoOn,
    /// Nothing more for now.
    Stop,
    /// It was given up. Ask the next one.
    GivenUp,
}

impl Reading {
    /// Everything is still to be asked.
    pub(super) fn new(window: Window, scope: &Scope) -> Self {
        let questions = Question::ALL.into_iter().filter(|question| question.is_in(scope));
        let open = questions.map(|question| (question, 0)).collect();
        Self { window, answers: Answers::default(), open }
    }

    /// What is still to be asked.
    pub(super) fn open(&self) -> Vec<Question> {
        self.open.keys().copied().collect()
    }

    /// Whether nothing is.
    pub(super) fn is_complete(&self) -> bool {
        self.open.is_empty()
    }

    /// It was answered; `None`: it can't be by this API.
    pub(super) fn answered(&mut self, question: Question, told: Option<Told>) {
        self.open.remove(&question);
        let answers = &mut self.answers;
        match told {
            Some(Told::Generations(table)) => answers.generations = Some(table),
            Some(Told::Daily(table, traces)) => {
                answers.generations = Some(table);
                answers.traces = Some(traces);
                self.open.remove(&Question::Traces);
            }
            Some(Told::Errors(table)) => answers.errors = Some(table),
            Some(Told::Traces(count)) => answers.traces = Some(count),
            Some(Told::NumericScores(table)) => answers.numeric = Some(table),
            Some(Told::CategoricalScores(table)) => answers.categorical = Some(table),
            None => {}
        }
    }

    /// It failed. Generations are only given up where asking again can't help: without them a window is
    /// lost.
    pub(super) fn failed(&mut self, question: Question, trouble: &Trouble) -> Then {
        let is_needed = question == Question::Generations;
        let is_waited_for = is_needed && !trouble.is_lasting();
        let open = self.open.get_mut(&question);
        let Some(attempts) = open.filter(|_| trouble.is_of_question() && !is_waited_for) else {
            return Then::Stop;
        };
        *attempts += 1;
        if *attempts >= MOST_ATTEMPTS {
            self.open.remove(&question);
            return Then::GivenUp;
        }
        // A server in trouble is left alone; one that answers junk is asked the rest.
        if trouble.is_lasting() && !is_needed { Then::GoOn } else { Then::Stop }
    }
}

impl Answers {
    /// Questions that were answered, and whether rows may be missing.
    pub(super) fn truncated(&self) -> BTreeMap<Question, bool> {
        let mut truncated = BTreeMap::new();
        let mut put = |question, is_truncated: Option<bool>| {
            is_truncated.map(|is_truncated| truncated.insert(question, is_truncated));
        };
        put(Question::Generations, self.generations.as_ref().map(|table| table.is_truncated));
        put(Question::Errors, self.errors.as_ref().map(|table| table.is_truncated));
        put(Question::NumericScores, self.numeric.as_ref().map(|table| table.is_truncated));
        put(Question::CategoricalScores, self.categorical.as_ref().map(|table| table.is_truncated));
        truncated
    }
}

#[cfg(test)]
mod tests;
