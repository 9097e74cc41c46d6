//! `--source simulate`: eight GPUs, and no doubt that they are simulated.

use serde_json::json;

use crate::WEIR;

/// The samples of this name.
fn samples<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let of_name =
        |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    text.lines().filter(of_name).collect()
}

#[test]
fn eight_gpus_are_shown_and_plainly_labelled() {
    let mut weir = WEIR.start(&["--source", "simulate"]);
    assert_eq!(weir.said("All GPUs are simulated: no number is real.").len(), 1);
    weir.until("/ready", |status, _| status == 200);
    let (status, text) = weir.get("/metrics");
    assert_eq!(status, 200);
    for name in [
        "nvidia_gpu_memory_used_bytes",
        "nvidia_gpu_memory_total_bytes",
        "nvidia_gpu_duty_cycle",
        "nvidia_gpu_power_usage_milliwatts",
        "nvidia_gpu_temperature_celsius",
        "nvidia_gpu_energy_joules_total",
        "nvidia_gpu_container_share",
        "nvidia_gpu_up",
    ] {
        assert_eq!(samples(&text, name).len(), 8, "{name}");
    }
    assert_eq!(samples(&text, "weir_source_simulated"), ["weir_source_simulated 1"]);
    assert_eq!(samples(&text, "weir_source_up"), ["weir_source_up{source=\"simulate\"} 1"]);
    assert_eq!(samples(&text, "weir_build_info").len(), 1);
    let page = weir.json("/status");
    assert_eq!(
        (&page["source"], &page["simulated"], &page["up"]),
        (&json!("simulate"), &json!(true), &json!(true))
    );
    assert_eq!(page["devices"].as_array().unwrap().len(), 8);
    assert_eq!(page["devices"][7]["name"], "NVIDIA H200");
    assert_eq!((weir.get("/health").0, weir.get("/models").0), (200, 404));
    weir.signal("TERM");
    assert_eq!(weir.ended(), Some(0));
}

#[test]
fn reading_goes_on_whoever_scrapes() {
    let weir = WEIR.start(&["--source", "simulate"]);
    let reads = |text: &str| {
        let line =
            samples(text, "weir_gpu_reads_total").into_iter().find(|line| line.contains("success"));
        line.unwrap().rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    weir.until("/metrics", |_, text| reads(text) >= 3);
    let accept = "accept: application/openmetrics-text;version=1.0.0\r\n";
    let (status, text) = weir.get_with("/metrics", accept);
    assert_eq!(status, 200);
    assert!(
        text.contains("# TYPE nvidia_gpu_energy_joules counter\n") && text.ends_with("# EOF\n")
    );
}
