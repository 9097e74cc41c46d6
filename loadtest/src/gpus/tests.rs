use super::*;

fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
    Sample { labels: owned(labels), value }
}

fn owned(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn engine(model: &str, container_id: &str) -> Served {
    Served { model: model.to_owned(), container_id: container_id.to_owned(), ..Served::default() }
}

fn share(uuid: &str, container_id: &str, attribution: &str) -> Sample {
    sample(&[("uuid", uuid), ("container_id", container_id), ("attribution", attribution)], 0.5)
}

/// A server with two GPUs that were read three times in a run of 10 s.
fn seen() -> Seen {
    let a = [("uuid", "GPU-a"), ("gpu", "0")];
    let b = [("uuid", "GPU-b"), ("gpu", "1")];
    let counter = |labels, watts: f64| Stretch {
        labels: owned(labels),
        points: [100.0, 105.0, 110.0].map(|at| (at, watts * at)).to_vec(),
    };
    Seen {
        source: "http://prometheus:9090/".to_owned(),
        start: 100.0,
        end: 110.0,
        infos: vec![sample(&a, 1.0), sample(&b, 1.0)],
        duty: vec![sample(&a, 87.5)],
        used: vec![sample(&a, 70e9), sample(&b, 1e9)],
        total: vec![sample(&a, 80e9)],
        temperature: vec![sample(&b, 41.0)],
        energy: vec![counter(&a, 600.0), counter(&b, 100.0)],
        ..Seen::default()
    }
}

#[test]
fn all_cards_where_nobody_knows_whose_they_are() {
    let (gpus, warnings) = seen().report(Some(1_000));
    let gpus = gpus.unwrap();
    assert!(gpus.source.starts_with("http://prometheus:9090/ (all GPUs"), "{}", gpus.source);
    assert_eq!((gpus.joules, gpus.joules_per_output_token), (Some(7_000.0), Some(7.0)));
    let busy = Gpu {
        gpu: "0".to_owned(),
        uuid: "GPU-a".to_owned(),
        utilisation_mean: Some(0.875),
        memory_used_bytes_max: Some(70e9),
        memory_total_bytes: Some(80e9),
        temperature_celsius_max: None,
        joules: Some(6_000.0),
    };
    assert_eq!(gpus.cards[0], busy);
    assert_eq!((gpus.cards[1].utilisation_mean, gpus.cards.len()), (None, 2));
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn the_cards_of_the_models_where_they_are_known() {
    let used_by = Some(BTreeMap::from([("GPU-b".to_owned(), true)]));
    let (gpus, warnings) = Seen { used_by, simulated: true, ..seen() }.report(None);
    let gpus = gpus.unwrap();
    assert_eq!((gpus.cards.len(), gpus.joules), (1, Some(1_000.0)));
    assert_eq!(gpus.joules_per_output_token, None);
    assert!(gpus.source.ends_with("(GPUs of the models' containers; some are simulated)"));
    assert!(warnings[0].starts_with("Other containers use these GPUs too"), "{warnings:?}");
}

#[test]
fn a_run_between_two_scrapes_has_no_energy() {
    let (gpus, warnings) = Seen { start: 101.0, end: 106.0, ..seen() }.report(Some(10));
    let gpus = gpus.unwrap();
    assert_eq!((gpus.joules, gpus.cards[0].joules), (None, None));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("two scrapes") && warnings[0].contains("5.0 s"), "{warnings:?}");
}

#[test]
fn long_ends_and_missing_counters_are_said() {
    let mut seen = Seen { start: 98.0, end: 112.0, ..seen() };
    let power = seen.energy.remove(1);
    let milliwatts = power.points.iter().map(|(at, _)| (*at, 100_000.0)).collect();
    seen.power = vec![Stretch { points: milliwatts, ..power }];
    let (gpus, warnings) = seen.report(None);
    assert_eq!(gpus.unwrap().joules, Some(14.0 * 700.0));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("29 % of the GPUs' energy"), "{warnings:?}");
    assert!(warnings[1].contains("readings of their power"), "{warnings:?}");
}

#[test]
fn no_gpu_is_none() {
    let (gpus, warnings) = Seen { infos: Vec::new(), ..seen() }.report(None);
    assert_eq!(gpus, None);
    assert!(warnings[0].contains("knows no GPU"), "{warnings:?}");
}

#[test]
fn cards_are_found_only_if_they_are_for_each_model() {
    let shares = [
        share("GPU-a", "aa", "exclusive"),
        share("GPU-b", "bb", "shared"),
        share("GPU-c", "cc", "exclusive"),
        share("GPU-d", "", "exclusive"),
    ];
    let models = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let engines = [engine("llama", "aa"), engine("llama", "bb"), engine("qwen", "")];
    let cards = used_by(&models(&["llama"]), &engines, &shares);
    let expected = [("GPU-a".to_owned(), false), ("GPU-b".to_owned(), true)];
    assert_eq!(cards, Some(BTreeMap::from(expected)));
    assert_eq!(used_by(&models(&["llama", "qwen"]), &engines, &shares), None);
    assert_eq!(used_by(&models(&["other"]), &engines, &shares), None);
    assert_eq!(used_by(&[], &engines, &shares), None);
}
