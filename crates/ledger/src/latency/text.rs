//! A histogram as lines of OpenMetrics text.

use std::fmt::{self, Display, Write};

use super::{Counted, Latency};
use crate::exemplar::Exemplar;
use crate::native::{Native, ZERO_THRESHOLD};

/// Whether native buckets are written, which text 1.0.0 does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// OpenMetrics 1.0.0.
    Classic,
    /// And a line as the draft of OpenMetrics 2.0 has it, with all native buckets of a series.
    Native,
}

impl Latency {
    /// Its samples; `labels` as they are printed, without braces.
    pub(crate) fn write(
        &self,
        text: &mut String,
        name: &str,
        labels: &str,
        detail: Detail,
    ) -> fmt::Result {
        let counted = self.counted.lock().clone();
        let Counted { classic, exemplars, native, sum } = &counted;
        let count: u64 = classic.iter().sum();
        writeln!(text, "{name}_sum{{{labels}}} {sum:?}")?;
        writeln!(text, "{name}_count{{{labels}}} {count}")?;
        let edges = self.edges.0.iter().copied().chain([f64::INFINITY]);
        let mut below = 0;
        for (bucket, (edge, count)) in edges.zip(classic).enumerate() {
            below += count;
            write!(text, "{name}_bucket{{{labels},le=\"{}\"}} {below}", Edge(edge))?;
            if let Some(Some(exemplar)) = exemplars.get(bucket) {
                write!(text, " # {exemplar}")?;
            }
            text.push('\n');
        }
        if detail == Detail::Native {
            write!(text, "{name}{{{labels}}} {{count:{count},sum:{sum:?},")?;
            writeln!(text, "{native}}}")?;
        }
        Ok(())
    }
}

/// Always with a decimal point, so that Prometheus 2 and 3 store the same.
struct Edge(f64);

impl Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == f64::INFINITY { f.write_str("+Inf") } else { write!(f, "{:?}", self.0) }
    }
}

impl Display for Exemplar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, at, value } = self;
        write!(f, "{{trace_id=\"{trace:032x}\"}} {value:?} {at:.3}")
    }
}

impl Display for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schema:{},zero_threshold:{ZERO_THRESHOLD:?},", self.schema())?;
        write!(f, "zero_count:{},positive_spans:[", self.zeros)?;
        let mut before = "";
        // Where the last span ended.
        let mut end = 0;
        for span in self.buckets.chunk_by(|a, b| a.0 + 1 == b.0) {
            let length = span.len() as i32;
            let Some(&(first, _)) = span.first() else { continue };
            write!(f, "{before}{}:{length}", first - end)?;
            (before, end) = (",", first + length);
        }
        f.write_str("],positive_buckets:[")?;
        let mut before = "";
        for (_, count) in &self.buckets {
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

    fn written(latency: &Latency, detail: Detail) -> String {
        let mut text = String::new();
        latency.write(&mut text, "a_seconds", r#"model="b""#, detail).unwrap();
        text
    }

    #[test]
    fn every_bucket_may_have_an_exemplar() {
        let latency = Latency::new(Edges(&[0.5, 1.0]));
        let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        latency.observe(0.25);
        latency.observe_of(0.5, Traced::new(0xabc, at));
        latency.observe_of(7.0, None);
        latency.belongs_to(7.0, Traced::new(u128::MAX, at).unwrap());
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
        let latency = Latency::new(Edges(&[0.5, 1.0]));
        for seconds in [0.0, 0.0003, 0.9, 1.0, 1.0, 2.0] {
            latency.observe(seconds);
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
        let empty = written(&Latency::new(Edges(&[1.0])), Detail::Native);
        assert!(empty.ends_with("zero_count:0,positive_spans:[],positive_buckets:[]}\n"));
    }
}
