//! Numbers as LangFuse sends them: 64-bit ones are strings, and so are decimals, now and then.

use serde_json::Value;

/// A count. `None`: there is none.
///
/// # Errors
/// Where it is none: negative, with a fraction, beyond 64 bits, or not a number.
pub(super) fn whole(value: Option<&Value>) -> Result<Option<u64>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            number.as_u64().or_else(|| number.as_f64().and_then(exact)).map(Some).ok_or(())
        }
        Some(Value::String(text)) => {
            let text = text.trim();
            let read = || text.parse().ok().and_then(exact);
            text.parse().ok().or_else(read).map(Some).ok_or(())
        }
        Some(_) => Err(()),
    }
}

/// A finite number, whatever its sign. `None`: there is none; a quantile of nothing is `nan`.
///
/// # Errors
/// Where it is no number.
pub(super) fn decimal(value: Option<&Value>) -> Result<Option<f64>, ()> {
    let read: Option<f64> = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    read.map(|number| number.is_finite().then_some(number)).ok_or(())
}

fn exact(number: f64) -> Option<u64> {
    let is_whole = number >= 0.0 && number < u64::MAX as f64 && number.fract() == 0.0;
    is_whole.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_come_in_every_shape() {
        for (value, expected) in [
            (json!(7), Ok(Some(7))),
            (json!("7"), Ok(Some(7))),
            (json!(7.0), Ok(Some(7))),
            (json!("7.000"), Ok(Some(7))),
            (json!("18446744073709551615"), Ok(Some(u64::MAX))),
            (json!("9007199254740993"), Ok(Some(9_007_199_254_740_993))),
            (json!(null), Ok(None)),
            (json!(-1), Err(())),
            (json!(1.5), Err(())),
            (json!("many"), Err(())),
            (json!("1e30"), Err(())),
            (json!([1]), Err(())),
        ] {
            assert_eq!(whole(Some(&value)), expected, "{value}");
        }
        assert_eq!(whole(None), Ok(None));
    }

    #[test]
    fn decimals_too() {
        for (value, expected) in [
            (json!("0.000123000000"), Ok(Some(0.000_123))),
            (json!(2), Ok(Some(2.0))),
            (json!(-0.5), Ok(Some(-0.5))),
            (json!("nan"), Ok(None)),
            (json!("inf"), Ok(None)),
            (json!("?"), Err(())),
            (json!({}), Err(())),
        ] {
            assert_eq!(decimal(Some(&value)), expected, "{value}");
        }
    }
}
