//! A histogram as lines of OpenMetrics text.

use std::fmt::{self, Display, Write};

use super::{Counted, Latency, PER_SECOND};
use crate::classic::{Classic, Form};
use crate::metric::{Detail, Metric, Sample};
use crate::native::{Native, ZERO_THRESHOLD};

impl Metric for Latency {
    type Form = Form;
    const KIND: &'static str = "histogram";

    fn new(form: &Form) -> Self {
        Self::new(form.edges)
    }

    fn write(&self, form: &Form, sample: Sample<'_>, detail: Detail, text: &mut String) {
        let Counted { classic, exemplars, native, sum } = &self.read();
        let sum = *sum as f64 / PER_SECOND;
        form.write(&Classic { counts: classic, exemplars, sum }, sample, text);
        if detail == Detail::Native {
            let count: u64 = classic.iter().sum();
            let Sample { name, labels } = sample;
            // Writing to a String does not fail.
            let _infallible =
                writeln!(text, "{name}{{{labels}}} {{count:{count},sum:{sum:?},{native}}}");
        }
    }
}

impl Display for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schema:{},zero_threshold:{ZERO_THRESHOLD:?},", self.schema())?;
        write!(f, "zero_count:{},positive_spans:[", self.zeros)?;
        let mut before = "";
        // Where the last span ended.
        let mut end = 0;
        let buckets = self.buckets();
        for span in buckets.chunk_by(|a, b| a.0 + 1 == b.0) {
            let length = span.len() as i32;
            let Some(&(first, _)) = span.first() else { continue };
            write!(f, "{before}{}:{length}", first - end)?;
            (before, end) = (",", first + length);
        }
        f.write_str("],positive_buckets:[")?;
        let mut before = "";
        for (_, count) in buckets {
            write!(f, "{before}{count}")?;
            before = ",";
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::buckets::Edges;
    use crate::exemplar::Traced;

    static TWO: Edges = Edges::new(&[0.5, 1.0]);

    fn written(latency: &Latency, detail: Detail) -> String {
        let mut text = String::new();
        let sample = Sample { name: "a_seconds", labels: r#"model="b""# };
        latency.write(&Form::new(&TWO), sample, detail, &mut text);
        text
    }

    #[test]
    fn every_bucket_may_have_an_exemplar() {
        let latency = Latency::new(&TWO);
        let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        latency.observe(Duration::from_millis(250), None);
        latency.observe(Duration::from_millis(500), Traced::new(0xabc, at));
        latency.observe(Duration::from_secs(7), Traced::new(u128::MAX, at));
        assert_eq!(
            written(&latency, Detail::Classic),
            "a_seconds_sum{model=\"b\"} 7.75\n\
             a_seconds_count{model=\"b\"} 3\n\
             a_seconds_bucket{model=\"b\",le=\"0.5\"} 2 \
             # {trace_id=\"00000000000000000000000000000abc\"} 0.5 1700000000.250\n\
             a_seconds_bucket{model=\"b\",le=\"1.0\"} 2\n\
             a_seconds_bucket{model=\"b\",le=\"+Inf\"} 3 \
             # {trace_id=\"ffffffffffffffffffffffffffffffff\"} 7.0 1700000000.250\n"
        );
        assert_eq!(Traced::new(0, at), None);
    }

    #[test]
    fn native_buckets_stand_in_one_line() {
        let latency = Latency::new(&TWO);
        for seconds in [0.0, 0.0003, 0.9, 1.0, 1.0, 2.0] {
            latency.observe(Duration::from_secs_f64(seconds), None);
        }
        let text = written(&latency, Detail::Native);
        assert_eq!(
            text.lines().last(),
            Some(
                "a_seconds{model=\"b\"} {count:6,sum:4.9003,schema:3,\
                 zero_threshold:9.5367431640625e-7,zero_count:1,\
                 positive_spans:[-93:1,91:2,7:1],positive_buckets:[1,1,2,1]}"
            )
        );
        let empty = written(&Latency::new(&TWO), Detail::Native);
        assert!(empty.ends_with("zero_count:0,positive_spans:[],positive_buckets:[]}\n"));
    }
}
