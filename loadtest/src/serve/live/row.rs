//! Rows of a table out of samples, wherever those come from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::figure::{Figure, Table, What};
use crate::prometheus::Sample;

/// One thing: its labels and its figures, those that are known.
pub(super) type Row = Map<String, Value>;

/// Rows by their labels. `known` says of each figure of the table, in their order, what is known of it: a sample for each
/// thing, with the table's labels.
pub(super) fn rows(table: &Table, known: impl IntoIterator<Item = Vec<Sample>>) -> Vec<Row> {
    let mut rows = BTreeMap::new();
    for (figure, samples) in table.figures.iter().zip(known) {
        for sample in samples {
            let key: Vec<Part> = table.by.iter().map(|label| part(sample.label(label))).collect();
            let row: &mut Row = rows.entry(key).or_insert_with(|| labels(table, &sample));
            if let Some(value) = value(figure, &sample) {
                row.entry(figure.field).or_insert(value);
            }
        }
    }
    rows.into_values().collect()
}

/// Sorts numbers as such: GPU 10 comes after GPU 9.
type Part = (Option<u64>, String);

fn part(label: &str) -> Part {
    (label.parse().ok(), label.to_owned())
}

fn labels(table: &Table, sample: &Sample) -> Row {
    let labels = table.by.iter().map(|label| (*label, sample.label(label)));
    let known = labels.filter(|(_, value)| !value.is_empty());
    known.map(|(label, value)| (label.to_owned(), value.into())).collect()
}

fn value(figure: &Figure, sample: &Sample) -> Option<Value> {
    match &figure.what {
        What::Label(_, label) => {
            Some(sample.label(label)).filter(|text| !text.is_empty()).map(Value::from)
        }
        What::Yes(_) => Some(Value::from(sample.value != 0.0)),
        // NaN is no number of JSON: it is not known.
        _ => Some(Value::from(sample.value / figure.per)).filter(|value| !value.is_null()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::serve::live::figure::all;

    const TABLE: Table = Table {
        name: "gpus",
        by: &["gpu"],
        figures: &[
            Figure::new("name", What::Label(all("info"), "name")),
            Figure::new("up", What::Yes(all("up"))),
            Figure::new("busy", What::Max(all("busy"))).per(100.0),
            Figure::new("busy", What::Max(all("old_busy"))),
        ],
    };

    fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sample { labels: labels.collect(), value }
    }

    #[test]
    fn a_row_has_what_is_known_and_nothing_else() {
        let known = [
            vec![
                sample(&[("gpu", "10"), ("name", "H200")], 1.0),
                sample(&[("gpu", "9"), ("name", "")], 1.0),
            ],
            vec![sample(&[("gpu", "9")], 0.0)],
            vec![sample(&[("gpu", "10")], 50.0), sample(&[("gpu", "9")], f64::NAN)],
            vec![sample(&[("gpu", "10")], 7.0), sample(&[("gpu", "9")], 8.0)],
        ];
        let rows = rows(&TABLE, known);
        let expected = json!([
            {"gpu": "9", "up": false, "busy": 8.0},
            {"gpu": "10", "name": "H200", "busy": 0.5},
        ]);
        assert_eq!(Value::from_iter(rows.into_iter().map(Value::Object)), expected);
    }
}
