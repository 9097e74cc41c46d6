//! What Prometheus says of the GPUs during a run (METRICS-GPU.md has the metrics).

mod energy;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::energy::Energy;
use crate::discovered::{Served, serving};
use crate::prometheus::{Prometheus, PrometheusError, Sample, Stretch};
use crate::report::{Gpu, Gpus};

/// So far before and after the run samples are looked for that bound its energy.
const MARGIN: Duration = Duration::from_secs(60);
/// Where so much of the energy is of before the first or after the last scrape of the run, that is said.
const MUCH: f64 = 0.2;

/// The GPUs from `start` to `end`, and what a reader should know of the figures. `None`: Prometheus knows of none.
///
/// They are those that the containers of `models` use, if discovery can tell for each of them, else all; `source`
/// says which.
pub(crate) async fn gpus(
    prometheus: &Prometheus,
    start: SystemTime,
    end: SystemTime,
    models: &[String],
    output_tokens: Option<u64>,
) -> Result<(Option<Gpus>, Vec<String>), PrometheusError> {
    let length = end.duration_since(start).unwrap_or_default().as_millis().max(1);
    let over = |function: &str, metric: &str| format!("{function}({metric}[{length}ms])");
    let duty = over("avg_over_time", "nvidia_gpu_duty_cycle");
    let used = over("max_over_time", "nvidia_gpu_memory_used_bytes");
    let temperature = over("max_over_time", "nvidia_gpu_temperature_celsius");
    let at = Some(end);
    let ((from, to), energy) = ((start - MARGIN, end + MARGIN), "nvidia_gpu_energy_joules_total");
    let (infos, engines, shares, duty, used, total, temperature, energy, power, simulated) = tokio::try_join!(
        prometheus.vector("nvidia_gpu_info", at),
        serving(prometheus, models, at),
        prometheus.vector("nvidia_gpu_container_share", at),
        prometheus.vector(&duty, at),
        prometheus.vector(&used, at),
        prometheus.vector("nvidia_gpu_memory_total_bytes", at),
        prometheus.vector(&temperature, at),
        prometheus.samples(energy, from, to),
        prometheus.samples("nvidia_gpu_power_usage_milliwatts", from, to),
        prometheus.vector("weir_source_simulated == 1", at),
    )?;
    let seen = Seen {
        source: prometheus.url().to_string(),
        start: seconds(start),
        end: seconds(end),
        infos,
        used_by: used_by(models, &engines, &shares),
        duty,
        used,
        total,
        temperature,
        energy,
        power,
        simulated: !simulated.is_empty(),
    };
    Ok(seen.report(output_tokens))
}

/// How many GPUs of each name there are: of those that the models' containers use, if that is known, else of all.
pub(crate) fn names(
    models: &[String],
    engines: &[Served],
    infos: &[Sample],
    shares: &[Sample],
) -> BTreeMap<String, u64> {
    let used = used_by(models, engines, shares);
    let cards: BTreeMap<_, _> = infos
        .iter()
        .map(|info| (info.label("uuid"), info.label("name")))
        .filter(|(uuid, _)| used.as_ref().is_none_or(|used| used.contains_key(*uuid)))
        .collect();
    let mut names = BTreeMap::new();
    for name in cards.into_values() {
        *names.entry(name.to_owned()).or_default() += 1;
    }
    names
}

/// The GPUs' UUIDs by which the models' containers are served, and whether somebody else uses them too; `None` unless
/// some are known for each model.
fn used_by(
    models: &[String],
    engines: &[Served],
    shares: &[Sample],
) -> Option<BTreeMap<String, bool>> {
    let mut cards = BTreeMap::new();
    for model in models {
        let mut known = false;
        let containers = engines.iter().filter(|engine| engine.model == *model);
        for engine in containers.filter(|engine| !engine.container_id.is_empty()) {
            let its = |share: &&Sample| share.label("container_id") == engine.container_id;
            for share in shares.iter().filter(its) {
                known = true;
                let shared = share.label("attribution") == "shared";
                cards.insert(share.label("uuid").to_owned(), shared);
            }
        }
        if !known {
            return None;
        }
    }
    (!cards.is_empty()).then_some(cards)
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// What Prometheus answered.
#[derive(Debug, Default)]
struct Seen {
    source: String,
    /// Seconds since 1970.
    start: f64,
    end: f64,
    infos: Vec<Sample>,
    used_by: Option<BTreeMap<String, bool>>,
    duty: Vec<Sample>,
    used: Vec<Sample>,
    total: Vec<Sample>,
    temperature: Vec<Sample>,
    energy: Vec<Stretch>,
    power: Vec<Stretch>,
    simulated: bool,
}

impl Seen {
    fn report(&self, output_tokens: Option<u64>) -> (Option<Gpus>, Vec<String>) {
        let mut cards = BTreeMap::new();
        for info in &self.infos {
            let (uuid, gpu) = (info.label("uuid"), info.label("gpu"));
            if self.used_by.as_ref().is_none_or(|used| used.contains_key(uuid)) {
                cards.insert(uuid, (gpu, self.energy(uuid)));
            }
        }
        if cards.is_empty() {
            let none = format!(
                "Prometheus at {} knows no GPU: is weir-gpu-exporter among its targets?",
                self.source
            );
            return (None, vec![none]);
        }
        let warnings = self.warnings(cards.values().map(|(_, energy)| energy.as_ref()));
        let of = |samples: &[Sample], uuid| {
            let sample = samples.iter().find(|sample| sample.label("uuid") == uuid);
            sample.map(|sample| sample.value)
        };
        let cards: Vec<_> = cards
            .into_iter()
            .map(|(uuid, (gpu, energy))| Gpu {
                gpu: gpu.to_owned(),
                uuid: uuid.to_owned(),
                utilisation_mean: of(&self.duty, uuid).map(|percent| percent / 100.0),
                memory_used_bytes_max: of(&self.used, uuid),
                memory_total_bytes: of(&self.total, uuid),
                temperature_celsius_max: of(&self.temperature, uuid),
                joules: energy.map(|energy| energy.joules),
            })
            .collect();
        // Of some of them only, a sum would be of no use.
        let joules: Option<f64> = cards.iter().map(|card| card.joules).sum();
        let tokens = output_tokens.filter(|tokens| *tokens > 0);
        let which = match self.used_by {
            Some(_) => "GPUs of the models' containers",
            None => "all GPUs that it knows: which ones the models use is not known",
        };
        let simulated = if self.simulated { "; some are simulated" } else { "" };
        let gpus = Gpus {
            source: format!("{} ({which}{simulated})", self.source),
            cards,
            joules,
            joules_per_output_token: joules.zip(tokens).map(|(sum, tokens)| sum / tokens as f64),
        };
        (Some(gpus), warnings)
    }

    /// By the card's own counter, else by its power.
    fn energy(&self, uuid: &str) -> Option<Energy> {
        let of = |stretches: &[Stretch]| {
            // Two exporters may show one card.
            let its = stretches.iter().filter(|stretch| stretch.label("uuid") == uuid);
            its.max_by_key(|stretch| stretch.points.len()).map(|stretch| stretch.points.clone())
        };
        match of(&self.energy) {
            Some(counter) => Energy::of_counter(&counter, self.start, self.end),
            None => Energy::of_power(&of(&self.power)?, self.start, self.end),
        }
    }

    fn warnings<'a>(&self, energies: impl Iterator<Item = Option<&'a Energy>>) -> Vec<String> {
        let energies: Vec<_> = energies.collect();
        let mut warnings = Vec::new();
        if energies.iter().any(Option::is_none) {
            let seconds = self.end - self.start;
            warnings.push(format!(
                "No energy is known of some GPUs: it takes two scrapes of Prometheus within the run, \
                 which lasted {seconds:.1} s."
            ));
        }
        let edges = energies.iter().flatten().map(|energy| energy.edges / energy.joules);
        if let Some(part) = edges.filter(|part| *part > MUCH).reduce(f64::max) {
            warnings.push(format!(
                "{:.0} % of the GPUs' energy is of before the first or after the last scrape of the \
                 run, taken at its mean power: scrape more often, or run for longer.",
                part * 100.0
            ));
        }
        if energies.iter().flatten().any(|energy| energy.from_power) {
            warnings.push(
                "The energy of some GPUs is summed up from readings of their power, since they \
                 have no counter."
                    .to_owned(),
            );
        }
        let shared = |cards: &BTreeMap<String, bool>| cards.values().any(|shared| *shared);
        if self.used_by.as_ref().is_some_and(shared) {
            let others = "Other containers use these GPUs too: the figures are of the whole cards.";
            warnings.push(others.to_owned());
        }
        warnings
    }
}

#[cfg(test)]
mod tests;
