use super::to_protobuf;

/// A field as it was read: its number, and a number, a double, or bytes.
#[derive(Debug)]
enum Value<'a> {
    Number(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < &0x80 {
            break;
        }
    }
    value
}

fn taken<'a>(bytes: &mut &'a [u8], length: u64) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length as usize);
    *bytes = rest;
    taken
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Value<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut bytes)),
            1 => Value::Double(f64::from_le_bytes(taken(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes);
                Value::Bytes(taken(&mut bytes, length))
            }
            wire => panic!("wire type {wire}"),
        };
        fields.push((tag >> 3, value));
    }
    fields
}

/// A message as text: `names` says which fields hold text (`"`) or messages, by their path.
fn shown(bytes: &[u8], path: &str) -> String {
    let shown = fields(bytes).into_iter().map(|(field, value)| {
        let path = format!("{path}.{field}");
        match value {
            Value::Number(number) => format!("{field}:{number}"),
            Value::Double(number) => format!("{field}:{number:?}"),
            Value::Bytes(bytes) if is_message(&path) => {
                format!("{field}{{{}}}", shown(bytes, &path))
            }
            Value::Bytes(bytes) => format!("{field}:{:?}", String::from_utf8_lossy(bytes)),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// What of `MetricFamily` is a message: its metrics, and in them all but the names and values of labels and
/// the packed deltas.
fn is_message(path: &str) -> bool {
    path.starts_with(".4") && ![".1.1", ".1.2", ".7.13"].iter().any(|text| path.ends_with(text))
}

/// The families of a stream.
fn families(mut stream: &[u8]) -> Vec<String> {
    let mut families = Vec::new();
    while !stream.is_empty() {
        let length = varint(&mut stream);
        families.push(shown(taken(&mut stream, length), ""));
    }
    families
}

fn converted(text: &str) -> Vec<String> {
    families(&to_protobuf(text))
}

#[test]
fn counters_gauges_and_what_is_neither() {
    let text = "# HELP a A \\\"b\\\".\n# TYPE a counter\n# UNIT a seconds\na_total{b=\"c\\\\\"} 1.5\n\
                a_created 9\na_total 2 # {t=\"x\"} 1 1.5\n\
                # TYPE d info\nd_info{v=\"1\"} 1\n# TYPE e unknown\ne 7 1700000000.5\n\
                # TYPE f gauge\nf NaN\n# TYPE g gauge\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\n# EOF\n";
    assert_eq!(
        converted(text),
        [
            r#"1:"a_total" 2:"A \"b\"." 3:0 4{1{1:"b" 2:"c\\"} 3{1:1.5}} 4{3{1:2.0 2{1{1:"t" 2:"x"} 2:1.0 3{1:1 2:500000000}}}}"#,
            r#"1:"d_info" 2:"" 3:1 4{1{1:"v" 2:"1"} 2{1:1.0}}"#,
            r#"1:"e" 2:"" 3:3 4{5{1:7.0} 6:1700000000500}"#,
            r#"1:"f" 2:"" 3:1 4{2{1:NaN}}"#,
            r#"1:"s" 2:"" 3:3 4{1{1:"quantile" 2:"0.5"} 5{1:1.0}}"#,
        ]
    );
}

#[test]
fn histograms_are_gathered_by_their_labels() {
    let text = "# TYPE a histogram\na_sum{m=\"x\"} 7.5\na_count{m=\"x\"} 3\n\
                a_bucket{m=\"x\",le=\"0.5\"} 1 # {t=\"y\"} 0.25\na_bucket{m=\"x\",le=\"+Inf\"} 3\n\
                a_bucket{m=\"z\",le=\"+Inf\"} 0\na_sum{m=\"z\"} 0\na_count{m=\"z\"} 0\na_created{m=\"z\"} 5\n";
    assert_eq!(
        converted(text),
        [concat!(
            r#"1:"a" 2:"" 3:4 4{1{1:"m" 2:"x"} 7{1:3 2:7.5 "#,
            r#"3{1:1 2:0.5 3{1{1:"t" 2:"y"} 2:0.25}} 3{1:3 2:inf}}} "#,
            r#"4{1{1:"m" 2:"z"} 7{1:0 2:0.0 3{1:0 2:inf}}}"#,
        )]
    );
}

#[test]
fn native_histograms_have_spans_and_deltas() {
    let text = "# TYPE a histogram\na_sum 4.9\na_count 6\na_bucket{le=\"+Inf\"} 6\n\
                a{} {count:6,sum:4.9,schema:-1,zero_threshold:0.001,zero_count:1,\
                positive_spans:[-93:1,91:2],positive_buckets:[1,3,1]}\n";
    // Signed numbers are folded: -1 is 1, -93 is 185, and 1, 2, -2 are 2, 4, 3.
    let expected = "1:\"a\" 2:\"\" 3:4 4{7{1:6 2:4.9 3{1:6 2:inf} 5:1 6:0.001 7:1 12{1:185 2:1} \
                    12{1:182 2:2} 13:\"\\u{2}\\u{4}\\u{3}\"}}";
    assert_eq!(converted(text), [expected]);
    let empty = "# TYPE a histogram\na {count:0,sum:0.0,schema:3,zero_threshold:0.001,zero_count:0,\
                 positive_spans:[],positive_buckets:[]}\n";
    assert_eq!(converted(empty), [r#"1:"a" 2:"" 3:4 4{7{1:0 2:0.0 5:6 6:0.001 7:0}}"#]);
}

#[test]
fn what_prometheus_client_writes_is_all_there() {
    let text = include_str!("../../../tests/data/openmetrics.txt");
    let named = |line: &str| line.split(' ').nth(2).map(str::to_owned);
    let types = text.lines().filter(|line| line.starts_with("# TYPE "));
    let families = converted(text);
    assert_eq!(families.len(), types.clone().count());
    for (family, line) in families.iter().zip(types) {
        let name = named(line).unwrap();
        assert!(family.starts_with(&format!("1:\"{name}")), "{name}: {family}");
    }
}

#[test]
fn nonsense_is_no_fault() {
    let good = "# TYPE a histogram\na_bucket{m=\"\\\"é\",le=\"1.0\"} 1 # {t=\"x\"} 1 1\n\
                a{m=\"é\"} {count:1,sum:1,schema:3,positive_spans:[1:1],positive_buckets:[1]}\n";
    for cut in (0..good.len()).filter(|at| good.is_char_boundary(*at)) {
        families(&to_protobuf(&good[..cut]));
        families(&to_protobuf(&format!("# TYPE a histogram\n{}", &good[cut..])));
    }
    for odd in
        ["a 1", "# TYPE", "# TYPE a", "# TYPE a histogram\na {:[", "# TYPE a counter\na_total x"]
    {
        assert_eq!(converted(odd).len(), usize::from(odd.contains('[')), "{odd}");
    }
}
