use super::to_text;

#[test]
fn what_prometheus_client_writes_is_converted() {
    let openmetrics = include_str!("../../../tests/data/openmetrics.txt");
    assert_eq!(to_text(openmetrics), include_str!("../../../tests/data/text.txt"));
}

#[test]
fn families_take_the_names_and_types_of_text() {
    for (openmetrics, text) in [
        ("# HELP a A.\n# TYPE a counter\n", "# HELP a_total A.\n# TYPE a_total counter\n"),
        ("# TYPE a_total counter\n", "# TYPE a_total counter\n"),
        ("# HELP a A.\n# TYPE a info\n", "# HELP a_info A.\n# TYPE a_info gauge\n"),
        ("# TYPE a_info info\n", "# TYPE a_info gauge\n"),
        ("# HELP a A.\n# TYPE a unknown\n", "# HELP a A.\n# TYPE a untyped\n"),
        ("# TYPE a stateset\na{a=\"x\"} 1\n", "# TYPE a gauge\na{a=\"x\"} 1\n"),
        ("# TYPE a gaugehistogram\n", "# TYPE a untyped\n"),
        ("# TYPE a histogram\n# UNIT a seconds\n# EOF\n", "# TYPE a histogram\n"),
        ("# HELP a\n# TYPE a gauge\n", "# HELP a \n# TYPE a gauge\n"),
        ("# HELP b B.\n# TYPE a gauge\n", "# TYPE a gauge\n"),
        ("", ""),
    ] {
        assert_eq!(to_text(openmetrics), text, "{openmetrics}");
    }
}

#[test]
fn help_texts_change_their_escapes() {
    let help = |words: &str| {
        let text = to_text(&format!("# HELP a {words}\n# TYPE a gauge\n"));
        text.lines().next().unwrap().strip_prefix("# HELP a ").unwrap().to_owned()
    };
    assert_eq!(help(r#"say \"hi\""#), r#"say "hi""#);
    assert_eq!(help(r"two\nlines"), r"two\nlines");
    assert_eq!(help(r"C:\\x"), r"C:\\x");
    assert_eq!(help(r#"\\\""#), r#"\\""#);
    assert_eq!(help(r"lone \d and at the end \"), r"lone \\d and at the end \\");
    assert_eq!(help("héé"), "héé");
}

#[test]
fn exemplars_go_and_look_alikes_in_labels_stay() {
    for (openmetrics, text) in [
        ("a_total 1 # {trace_id=\"x\"} 1.0 1700000000.5", "a_total 1"),
        ("a_total 1 # {} 1", "a_total 1"),
        ("a_bucket{le=\"1.0\"} 1 # {t=\"} # {\"} 0.4", "a_bucket{le=\"1.0\"} 1"),
        ("a{m=\"x # {y=\\\"z\\\"} 1\"} 2", "a{m=\"x # {y=\\\"z\\\"} 1\"} 2"),
        ("a{m=\"ends in \\\\\"} 2 # {t=\"x\"} 1", "a{m=\"ends in \\\\\"} 2"),
        ("a{m=\"}\",n=\"\\n\"} 2", "a{m=\"}\",n=\"\\n\"} 2"),
        ("a{m=\"日本\"} 2", "a{m=\"日本\"} 2"),
        ("a{} 2", "a{} 2"),
    ] {
        assert_eq!(to_text(openmetrics), format!("{text}\n"), "{openmetrics}");
    }
}

#[test]
fn timestamps_are_milliseconds() {
    assert_eq!(to_text("a 1 1700000000.5\n"), "a 1 1700000000500\n");
    assert_eq!(to_text("a{b=\"c\"} 1 0 # {} 1\n"), "a{b=\"c\"} 1 0\n");
}

#[test]
fn nonsense_does_no_harm() {
    for nonsense in
        ["#", "# ", "# HELP", "# TYPE a", "{", "a{", "a{b=\"", "a{b=\"\\", " ", "#x", "}"]
    {
        to_text(nonsense);
    }
}
