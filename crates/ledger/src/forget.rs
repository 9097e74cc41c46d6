//! Which series a model has in which family, for taking them all out again.

use std::sync::Arc;

use weir_wire::{OutcomeKind, Source, UsageMissing};

use crate::cost::{CostKind, CostSource};
use crate::families::{CostFamilies, Families, StreamFamilies, TokenFamilies};
use crate::labels::{CostLabels, MissingLabels, ModelLabels, ModelOutcomeLabels, SourceLabels};
use crate::model::Model;

/// Takes out what the endpoints of a model have, and what they share. Nobody may write to any of
/// it any more, or it would come back.
pub(crate) fn model(families: &Families, model: &Model) {
    for series in model.all_series() {
        series.remove(families);
    }
    // What the endpoints share has the same labels in each of them.
    if let Some(series) = model.all_series().next() {
        rare(families, &series.model_labels());
        costs(&families.cost, &series.model_labels());
        families.hops.forget(&series.model_labels());
    }
}

/// The series that are looked up each time: see `record_rare`.
fn rare(families: &Families, model: &ModelLabels) {
    let StreamFamilies { no_first_token, .. } = &families.stream;
    for kind in OutcomeKind::ALL {
        let labels = ModelOutcomeLabels { model: model.clone(), outcome: kind.as_str() };
        no_first_token.remove(&labels);
    }
    let TokenFamilies { missing, abandoned, .. } = &families.tokens;
    for reason in UsageMissing::ALL {
        missing.remove(&MissingLabels { model: model.clone(), reason: reason.as_str() });
    }
    for source in [Source::Reported, Source::Estimated] {
        abandoned.remove(&SourceLabels { model: model.clone(), source: source.as_str() });
    }
}

/// A namesake of the route at the other hop has the same ones. Should both have counted costs, which takes a
/// reload that moves the route, its counters begin again at 0.
fn costs(families: &CostFamilies, model: &ModelLabels) {
    let CostFamilies { usd } = families;
    for kind in CostKind::ALL {
        for source in CostSource::ALL {
            usd.remove(&CostLabels {
                route: Arc::clone(&model.route.route),
                model: Arc::clone(&model.model),
                kind: kind.as_str(),
                source: source.as_str(),
            });
        }
    }
}
