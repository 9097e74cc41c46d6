use super::*;
use crate::cells::{JSON_1K_RATE, JSON_1K_SATURATED, PACED_1, STREAMS_5000};
use crate::contender::Contender;
use crate::names::title;
use crate::results::{Dropped, Failure, made_up};

/// The lines under the heading that ends like this, up to the next heading.
fn section<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let mut lines =
        text.lines().skip_while(|line| !(line.starts_with('#') && line.ends_with(heading)));
    assert!(lines.next().is_some(), "there is no {heading} in\n{text}");
    lines.take_while(|line| !line.starts_with('#')).collect()
}

/// The cells of the row of that name.
fn row<'a>(lines: &[&'a str], name: &str) -> Vec<&'a str> {
    let rows = lines.iter().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut rows = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let row = rows.find(|row| row[0] == name);
    row.unwrap_or_else(|| panic!("there is no {name} in {lines:#?}")).split_off(1)
}

#[test]
fn losses_are_in_the_summary_like_wins() {
    let text = markdown::text(&made_up::run());
    let lines = section(&text, "### CPU time of Weir per request or event");
    // 112 µs in all cells, slowed down by 1.4 in the median of seven rounds; others are slowed down with it.
    let expected = ["157", "1.12", "0.86", "0.75", "2.24", "2.80", "3.73"];
    assert_eq!(row(&lines, "request bodies of 1 KiB, saturated by 16 connections"), expected);
    // Four of the six others take less, in each of thirteen cells.
    assert!(lines.contains(
        &"Above 1 Weir takes more than the other, below 1 less: 52 of these 78 ratios are above 1."
    ));
}

#[test]
fn targets_are_told_with_what_is_missed() {
    let text = markdown::text(&made_up::run());
    let lines = section(&text, "### Targets");
    let missed = row(&lines, "CPU per request ÷ bare Pingora built alike");
    assert_eq!(
        missed,
        [
            "request bodies of 1 KiB, saturated by 16 connections",
            "≤ 1.10",
            "1.12 (1.12 to 1.12)",
            "✗ by 0.02"
        ]
    );
    assert_eq!(row(&lines, "resident memory, idle")[1..], ["≤ 20.0 MB", "8.0 MB", "✓"]);
    let absent = row(&lines, "instructions per paced event over bare");
    assert_eq!(absent[1..], ["≤ +1,000", "–", "not measured"]);
    let count = |mark: &str| lines.iter().filter(|line| line.contains(mark)).count();
    let (met, missed, unknown) = (count("| ✓ |"), count("| ✗ by"), count("| not measured |"));
    assert_eq!((met + missed + unknown, unknown), (28, 2));
    let counts = format!("{met} of 28 are met, {missed} missed, {unknown} not measured.");
    assert!(lines.iter().any(|line| line.starts_with(&counts)), "{lines:#?}");
}

#[test]
fn a_saturated_cell_has_figures_of_all() {
    let mut results = made_up::run();
    let fast = results.samples.iter_mut().filter(|it| it.contender == Contender::Direct);
    fast.for_each(|sample| (sample.requests, sample.upstream_cpu_seconds) = (1_300, 0.9));
    let nginx = results.samples.iter_mut().filter(|it| it.contender == Contender::Nginx);
    nginx.for_each(|sample| {
        (sample.requests, sample.cpu_seconds) = (1_100, sample.cpu_seconds * 1.1)
    });
    let text = markdown::text(&results);
    let lines = section(&text, "Request bodies of 1 KiB, saturated by 16 connections");
    assert!(lines.contains(
        &"`json-1k-saturated`: 7 rounds of 2 s, none dropped; steal 0.0 % at the median, 0.0 % at most."
    ));
    let direct = row(&lines, "direct, no proxy");
    assert_eq!(direct, ["–", "–", "1,300", "1.30 (1.30–1.30)", "1", "0.90"]);
    let weir = row(&lines, "Weir");
    assert_eq!(
        weir,
        ["157", "1.12 (1.12–1.12)", "1,000", "1.00 (1.00–1.00)", "0.77 (0.77–0.77)", "0.00"]
    );
    // 1,100 of 1,300 are more than 80 %.
    assert_eq!(row(&lines, "nginx†")[4], "0.85 (0.85–0.85)");
    assert!(lines.iter().any(|line| line.starts_with("† At least 80 %")));
    assert_eq!(lines.iter().filter(|line| line.contains('†')).count(), 2);
}

#[test]
fn at_a_rate_latency_is_told_over_the_way_without_a_proxy() {
    let text = markdown::text(&made_up::run());
    let lines = section(&text, "Request bodies of 1 KiB, 2,000 requests/s");
    assert!(
        lines[1].ends_with(" Without a proxy, latency is p50 50 µs, p99 500 µs."),
        "{lines:#?}"
    );
    // 112 µs, slowed down by 1.3 in the median round and 1.1 in the best one; 1,000 of 2,000 came.
    let expected = ["146", "1.12 (1.12–1.12)", "+146", "+123", "+1,456", "+1,232", "1,000"];
    assert_eq!(row(&lines, "Weir‡"), expected);
    assert_eq!(row(&lines, "direct, no proxy‡")[2..6], ["–"; 4]);
    assert!(lines.contains(&"‡ It did not keep up with the rate."));
    let slow = section(&text, "Request bodies of 2 MiB, 20 requests/s");
    assert_eq!(row(&slow, "Weir").len(), 7);
}

#[test]
fn streams_have_delays_and_reads_and_memory() {
    let text = markdown::text(&made_up::run());
    let paced = section(&text, "20 streams of an event every 5 ms");
    let expected =
        ["157", "1.12 (1.12–1.12)", "+157", "+123", "+1,568", "+1,232", "+157", "+123", "1.00"];
    assert_eq!(row(&paced, "Weir"), expected);
    let open = section(&text, "1,000 streams of an event every 200 ms");
    let weir = row(&open, "Weir");
    assert_eq!(weir[..5], ["8.0", "45.0", "+1.0", "9.0", "134"]);
    assert!(!open.iter().any(|line| line.starts_with("| direct")));
}

#[test]
fn what_went_wrong_is_told() {
    let mut results = made_up::run();
    results
        .samples
        .retain(|it| it.contender != Contender::Envoy && (it.cell != JSON_1K_RATE || it.round < 4));
    results.samples.retain(|it| it.cell != STREAMS_5000);
    results.absent.insert(Contender::Envoy, "there is no program envoy".to_owned());
    let cell = JSON_1K_SATURATED.to_owned();
    let why = "14.2 % steal while nginx was measured".to_owned();
    results.dropped.push(Dropped { cell: cell.clone(), round: 3, why });
    results.samples.retain(|it| it.cell != PACED_1);
    let why = "12.0 % steal while Weir was measured".to_owned();
    results.dropped.extend((1..=10).map(|round| {
        let (cell, why) = (PACED_1.to_owned(), why.clone());
        Dropped { cell, round, why }
    }));
    let why = "it ended; it said:\nconnection refused".to_owned();
    results.failures.push(Failure { cell, contender: Contender::HaproxyTcp, round: 2, why });
    let weir = results.samples.iter_mut().find(|it| it.contender == Contender::Weir).unwrap();
    (weir.errors, weir.steal) = (17, 0.05);
    weir.last_error = Some("status 502".to_owned());
    let text = markdown::text(&results);
    let lines = section(&text, "Request bodies of 1 KiB, saturated by 16 connections");
    assert!(
        lines[1].contains("7 rounds of 2 s, 1 dropped; steal 0.0 % at the median, 5.0 % at most."),
        "{lines:#?}"
    );
    assert!(lines.contains(&"Weir: 17 requests failed, the last: status 502."));
    assert!(lines.contains(&"HAProxy, TCP, round 2: it ended; it said: connection refused."));
    assert!(!lines.iter().any(|line| line.starts_with("| Envoy")));
    let rate = section(&text, "Request bodies of 1 KiB, 2,000 requests/s");
    assert!(rate[1].contains(": 3 of 5 rounds of 2 s"), "{rate:#?}");
    let paced = section(&text, "1 stream of an event every 5 ms");
    let said: Vec<_> = paced.into_iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(said, ["`paced-5ms-1`: 0 of 5 rounds of 2.5 s, 10 dropped."]);
    let conditions = section(&text, "### Conditions");
    assert!(conditions.contains(&"The run was ended before `streams-5000`."));
    assert!(
        conditions
            .contains(&"- `json-1k-saturated`, round 3: 14.2 % steal while nginx was measured")
    );
    assert!(conditions.contains(&"- Envoy: there is no program envoy"));
    assert!(conditions.contains(&"- nginx: nginx/1.22.1."));
    let targets = section(&text, "### Targets");
    let envoy = row(&targets, "CPU ÷ Envoy, which meters nothing");
    assert_eq!(envoy[1..], ["≤ 0.70", "–", "not measured"]);
}

#[test]
fn a_run_without_a_round_is_a_report_all_the_same() {
    let text = markdown::text(&made_up::results());
    assert!(text.starts_with("## Measured on 22 November 2026\n"), "{text}");
    assert!(text.contains("0 of 28 are met, 0 missed, 28 not measured."));
    assert!(!text.contains("####") && !text.contains(PLOT));
    elements(&plot::svg(&made_up::results()).unwrap());
}

/// The texts of an SVG, whose elements are closed in the order in which they were opened.
fn elements(svg: &str) -> Vec<&str> {
    let mut open = Vec::new();
    let mut texts = Vec::new();
    let mut parts = svg.split('<');
    assert_eq!(parts.next(), Some(""));
    for part in parts {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let entities = text.split('&').skip(1);
        assert!(entities.into_iter().all(|entity| entity.split_once(';').is_some()), "{text}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.extend(tag.split_whitespace().next());
        }
        if open.last() == Some(&"text") {
            texts.push(text.trim());
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    texts
}

#[test]
fn the_plot_names_everybody_and_says_when_and_where() {
    let mut results = made_up::run();
    results.machine.processor = "A <fast> & \"good\" processor".to_owned();
    results.samples.retain(|it| it.contender != Contender::Envoy);
    let svg = plot::svg(&results).unwrap();
    let texts = elements(&svg);
    let count = |wanted: &str| texts.iter().filter(|text| **text == wanted).count();
    for contender in Contender::ALL.into_iter().filter(|it| *it != Contender::Direct) {
        assert_eq!(count(title(contender)), 6, "{contender:?} in {texts:#?}");
    }
    // What is dearer than bare Pingora in each of six panels, what is cheaper, and who was not measured.
    assert_eq!((count("1.12"), count("0.50"), count("not measured")), (6, 6, 6));
    assert!(texts.contains(&"20 streams of an event every 5 ms (1 = 140 µs)"));
    assert!(
        texts.iter().any(|text| text.starts_with("22 November 2026; A &lt;fast&gt; &amp; ")),
        "{texts:#?}"
    );
}

#[test]
fn a_report_is_three_files() {
    let folder = std::env::temp_dir().join(format!("weir-report-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    write(&made_up::run(), &folder).unwrap();
    let again = Results::read(&folder.join("results.json")).unwrap();
    let text = fs::read_to_string(folder.join("report.md")).unwrap();
    let plotted = fs::read_to_string(folder.join(PLOT)).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(again.samples.len(), made_up::run().samples.len());
    assert_eq!(text, markdown::text(&again));
    assert!(text.contains(&format!("({PLOT})")));
    assert_eq!(plotted, plot::svg(&again).unwrap());
}
