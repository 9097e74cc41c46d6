//! Which hop of the proxy is shown: a request that passes both is counted on both, so they are never put together.

use serde_json::{Map, Value};

const HOPS: [&str; 2] = ["edge", "engine"];

/// Keeps the models of the first hop that has requests now; if none has, of the first that there is. Says which.
pub(super) fn prefer(body: &mut Map<String, Value>) {
    let Some(Value::Array(models)) = body.get_mut("models") else { return };
    let busy = |row: &Value| positive(row, "active") || positive(row, "requests_per_second");
    let has = |wanted: &dyn Fn(&Value) -> bool, hop| {
        models.iter().any(|row| is_of(row, hop) && wanted(row))
    };
    let found = HOPS.into_iter().find(|hop| has(&busy, hop));
    let Some(hop) = found.or_else(|| HOPS.into_iter().find(|hop| has(&|_| true, hop))) else {
        return;
    };
    models.retain(|row| is_of(row, hop));
    body.insert("hop".to_owned(), hop.into());
}

fn is_of(row: &Value, hop: &str) -> bool {
    row.get("hop").and_then(Value::as_str) == Some(hop)
}

fn positive(row: &Value, field: &str) -> bool {
    row.get(field).and_then(Value::as_f64).is_some_and(|value| value > 0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The hop and the models that are shown of these.
    fn shown(models: Value) -> Value {
        let mut body = Map::from_iter([("models".to_owned(), models)]);
        prefer(&mut body);
        let models = body["models"].as_array().unwrap();
        json!([body.get("hop"), models.iter().map(|row| &row["model"]).collect::<Vec<_>>()])
    }

    #[test]
    fn the_edge_where_it_is_used_else_the_engine() {
        let of = |edge: (f64, f64), engine: (f64, f64)| {
            let row = |model: &str, hop: &str, (rate, active): (f64, f64)| json!({"model": model, "hop": hop, "requests_per_second": rate, "active": active});
            shown(json!([row("gpt", "edge", edge), row("llama", "engine", engine)]))
        };
        assert_eq!(of((1.0, 0.0), (1.0, 2.0)), json!(["edge", ["gpt"]]));
        assert_eq!(of((0.0, 1.0), (1.0, 2.0)), json!(["edge", ["gpt"]]));
        assert_eq!(of((0.0, 0.0), (1.0, 0.0)), json!(["engine", ["llama"]]));
        assert_eq!(of((0.0, 0.0), (0.0, 0.0)), json!(["edge", ["gpt"]]));
        assert_eq!(shown(json!([{"model": "a", "hop": "engine"}])), json!(["engine", ["a"]]));
        assert_eq!(shown(json!([])), json!([null, []]));
    }
}
