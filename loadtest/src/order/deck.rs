//! What the next request will be like: cards, so that every kind has its turn soon.

use super::dice::Dice;

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(super) api: Api,
    pub(super) stream: bool,
    pub(super) manner: Manner,
}

/// The dialect; the third is another one for each recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Chat,
    Completions,
    Third,
}

/// Who misbehaves, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Nobody.
    Well,
    /// The engine, with this fault.
    Fault(&'static str),
    /// The client leaves before the first token.
    LeavesEarly,
    /// The client leaves in the middle of the answer.
    LeavesMidStream,
    /// The client names a model that nobody serves.
    AsksForNobody,
    /// The client's JSON ends in the middle.
    SaysHalf,
}

/// All cards are dealt once before one is dealt again.
pub(crate) struct Deck {
    full: Vec<Card>,
    left: Vec<Card>,
}

/// How often a kind of well-behaved request is dealt.
const WELL: [(Api, bool, usize); 6] = [
    (Api::Chat, true, 12),
    (Api::Chat, false, 5),
    (Api::Completions, true, 4),
    (Api::Completions, false, 2),
    (Api::Third, true, 4),
    (Api::Third, false, 2),
];

/// What engines do wrong.
const FAULTS: [(Api, bool, Manner); 6] = [
    (Api::Chat, true, Manner::Fault("in_band_error:6")),
    (Api::Chat, true, Manner::Fault("reset_mid_event:9")),
    (Api::Completions, true, Manner::Fault("end_without_finish:12")),
    (Api::Chat, false, Manner::Fault("status:429")),
    (Api::Chat, true, Manner::Fault("status:503")),
    (Api::Chat, true, Manner::Fault("context_length")),
];

/// Clients that leave.
const LEAVERS: [(Api, bool, Manner); 2] =
    [(Api::Chat, true, Manner::LeavesEarly), (Api::Chat, true, Manner::LeavesMidStream)];

/// Clients that are wrong.
const WRONG: [(Api, bool, Manner); 2] =
    [(Api::Chat, true, Manner::AsksForNobody), (Api::Chat, false, Manner::SaysHalf)];

impl Deck {
    /// Of five requests, one goes wrong: something is to be seen at once.
    pub(crate) fn lively() -> Self {
        Self::of(&[(1, &well()), (1, &cards(&FAULTS)), (1, &cards(&LEAVERS))])
    }

    /// As on a good day: of a hundred requests, two are of clients that leave, one is wrong, and one of an engine is.
    pub(crate) fn calm() -> Self {
        Self::of(&[(20, &well()), (1, &cards(&FAULTS)), (6, &cards(&LEAVERS)), (3, &cards(&WRONG))])
    }

    fn of(parts: &[(usize, &[Card])]) -> Self {
        let full = parts.iter().flat_map(|(times, cards)| cards.repeat(*times)).collect();
        Self { full, left: Vec::new() }
    }

    pub(crate) fn deal(&mut self, dice: &mut Dice) -> Card {
        if self.left.is_empty() {
            self.left.clone_from(&self.full);
        }
        let at = dice.below(self.left.len());
        self.left.swap_remove(at)
    }
}

fn well() -> Vec<Card> {
    let cards = WELL.iter().flat_map(|&(api, stream, times)| {
        std::iter::repeat_n(Card { api, stream, manner: Manner::Well }, times)
    });
    cards.collect()
}

fn cards(of: &[(Api, bool, Manner)]) -> Vec<Card> {
    of.iter().map(|&(api, stream, manner)| Card { api, stream, manner }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_turn_in_each_round() {
        for (mut deck, kinds) in [
            (Deck::lively(), [&FAULTS[..], &LEAVERS].concat()),
            (Deck::calm(), [&FAULTS[..], &LEAVERS, &WRONG].concat()),
        ] {
            let mut dice = Dice::new(3);
            let size = deck.full.len();
            let mut round = || (0..size).map(|_| deck.deal(&mut dice)).collect::<Vec<_>>();
            let (first, second) = (round(), round());
            assert_ne!(first, second);
            for card in cards(&kinds) {
                assert!(first.contains(&card) && second.contains(&card), "{card:?}");
            }
        }
    }

    #[test]
    fn a_calm_day_is_as_calm_as_it_is_said_to_be() {
        let deck = Deck::calm();
        let percent = |is: fn(Manner) -> bool| {
            let count = deck.full.iter().filter(|card| is(card.manner)).count();
            (100.0 * count as f64 / deck.full.len() as f64).round()
        };
        assert_eq!(percent(|it| matches!(it, Manner::Fault(_))), 1.0);
        assert_eq!(percent(|it| matches!(it, Manner::LeavesEarly | Manner::LeavesMidStream)), 2.0);
        assert_eq!(percent(|it| matches!(it, Manner::AsksForNobody | Manner::SaysHalf)), 1.0);
    }

    #[test]
    fn the_simulator_knows_every_fault() {
        for (_, _, manner) in FAULTS {
            let Manner::Fault(fault) = manner else { panic!("{manner:?} is no fault") };
            fault.parse::<weir_sim::Fault>().unwrap();
        }
    }
}
