//! The exposition.

use std::hint::black_box;

use weir_ledger::{Hop, Ledger};

use super::{Begun, Work, entries, events};

const MODELS: usize = 10;

/// A series of an exposition, in both of its forms.
pub fn all() -> Vec<Work> {
    vec![
        Work::new("scrape: a series", 2, || scrape(Ledger::encode)),
        Work::new("scrape: a series, with native histograms", 2, || scrape(Ledger::encode_native)),
    ]
}

fn scrape(encode: fn(&Ledger) -> String) -> Begun {
    let ledger = used();
    let text = encode(&ledger);
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    Begun::new(text.len(), move || {
        black_box(encode(black_box(&ledger)));
    })
    .of(series)
}

/// A ledger whose every model was asked both ways.
fn used() -> Ledger {
    let ledger = Ledger::new();
    let models: Vec<_> = (0..MODELS).map(|number| format!("vendor/model-{number}")).collect();
    let route = ledger.route("default", Hop::Engine, &models);
    for model in &models {
        for outcome in [entries::whole(), events::stream()] {
            entries::begin(&route, model).settle(&outcome);
        }
    }
    ledger
}
