//! What the next request will be like: cards, so that every kind has its turn soon.

use super::dice::Dice;
use crate::demo::engines::{Dialect, EngineSpec};

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) api: Api,
    pub(super) stream: bool,
    pub(super) manner: Manner,
}

/// The dialect; the third is another one on each engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Chat,
    Completions,
    Third,
}

impl Api {
    pub(super) fn of(self, engine: &EngineSpec) -> Dialect {
        match self {
            Self::Chat => Dialect::Chat,
            Self::Completions => Dialect::Completions,
            Self::Third => engine.third,
        }
    }
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
}

/// All cards are dealt once before one is dealt again.
#[derive(Default)]
pub(super) struct Deck {
    left: Vec<Card>,
}

impl Deck {
    pub(super) fn deal(&mut self, dice: &mut Dice) -> Card {
        if self.left.is_empty() {
            self.left = full();
        }
        let at = dice.below(self.left.len());
        self.left.swap_remove(at)
    }
}

/// How often a kind of well-behaved request is in the deck.
const WELL: [(Api, bool, usize); 6] = [
    (Api::Chat, true, 12),
    (Api::Chat, false, 5),
    (Api::Completions, true, 4),
    (Api::Completions, false, 2),
    (Api::Third, true, 4),
    (Api::Third, false, 2),
];

/// Once each.
const BADLY: [(Api, bool, Manner); 8] = [
    (Api::Chat, true, Manner::Fault("in_band_error:6")),
    (Api::Chat, true, Manner::Fault("reset_mid_event:9")),
    (Api::Completions, true, Manner::Fault("end_without_finish:12")),
    (Api::Chat, false, Manner::Fault("status:429")),
    (Api::Chat, true, Manner::Fault("status:503")),
    (Api::Chat, true, Manner::Fault("context_length")),
    (Api::Chat, true, Manner::LeavesEarly),
    (Api::Chat, true, Manner::LeavesMidStream),
];

fn full() -> Vec<Card> {
    let well = WELL.iter().flat_map(|&(api, stream, times)| {
        std::iter::repeat_n(Card { api, stream, manner: Manner::Well }, times)
    });
    let badly = BADLY.map(|(api, stream, manner)| Card { api, stream, manner });
    well.chain(badly).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_turn_in_each_round() {
        let (mut deck, mut dice) = (Deck::default(), Dice::new(3));
        let mut round = || (0..full().len()).map(|_| deck.deal(&mut dice)).collect::<Vec<_>>();
        let (first, second) = (round(), round());
        assert_ne!(first, second);
        for (api, stream, manner) in BADLY {
            let card = Card { api, stream, manner };
            assert!(first.contains(&card) && second.contains(&card), "{card:?}");
        }
    }

    #[test]
    fn the_simulator_knows_every_fault() {
        for (_, _, manner) in BADLY {
            if let Manner::Fault(fault) = manner {
                fault.parse::<weir_sim::Fault>().unwrap();
            }
        }
    }
}
