use super::*;
use crate::demo::ENGINES;

#[test]
fn the_simulator_can_follow_every_plan() {
    let (mut deck, mut dice) = (Deck::lively(), Dice::new(5));
    for engine in &ENGINES {
        let recipient = engine.recipient();
        for _ in 0..100 {
            let order = Order::new(&recipient, deck.deal(&mut dice), &mut dice);
            order.plan.parse::<weir_sim::Plan>().unwrap();
            let body: Value = serde_json::from_str(&order.body).unwrap();
            assert_eq!(body["model"], recipient.model);
        }
    }
}

#[test]
fn wrong_requests_are_wrong() {
    let mut dice = Dice::new(5);
    let mut body = |manner| {
        let card = Card { api: Api::Chat, stream: true, manner };
        Order::new(&ENGINES[0].recipient(), card, &mut dice).body
    };
    let unknown: Value = serde_json::from_str(&body(Manner::AsksForNobody)).unwrap();
    assert_eq!(unknown["model"], UNKNOWN);
    let half = body(Manner::SaysHalf);
    assert!(serde_json::from_str::<Value>(&half).is_err(), "{half}");
    assert!(half.contains(ENGINES[0].model), "{half}");
}
