//! Containers: what they are, what they do, how often that went wrong.

use weir_families::{Families, Label, Metric};

use crate::fleet::{Fleet, Life, Member};

const INFO: Metric = Metric::gauge(
    "llm_container_info",
    "What the container is; what is not known is empty. One model per container, that of its metrics.",
);
const STATE: Metric =
    Metric::gauge("llm_container_state", "1 for what the container does, 0 for the other states.");
const RESTARTS: Metric = Metric::counter(
    "llm_container_restarts_total",
    "How often the runtime has started the container again by itself.",
);
const OOM_KILLED: Metric = Metric::counter(
    "llm_container_oom_killed_total",
    "How often the kernel has killed in the container for its use of memory, since discovery runs.",
);
const START_TIME: Metric = Metric::gauge(
    "llm_container_start_time_seconds",
    "When the container was started last, in seconds since 1970.",
);
const LOAD: Metric = Metric::gauge(
    "llm_container_load_seconds",
    "From the container's last start to the engine's first answer; absent if that was before discovery looked.",
);
const LOAD_FAILURES: Metric = Metric::counter(
    "llm_container_load_failures_total",
    "Starts that ended before the engine had answered, since discovery runs.",
);
const GPU: Metric = Metric::gauge(
    "llm_container_gpu_info",
    "GPUs that the container was given: all, a number of them, or which ones; and what says so.",
);

/// Adds the metrics of all containers.
pub fn add(families: &mut Families, fleet: &Fleet) {
    for member in fleet.members() {
        of_container(families, member);
    }
}

fn of_container(families: &mut Families, member: &Member) {
    let (Some(container), Some(life)) = (&member.container, member.life()) else { return };
    let own: [Label<'_>; 2] = [("container_id", &container.id), ("container", &member.name)];
    let is_engine = member.is_engine();
    let model = if is_engine { member.models().into_iter().next() } else { None };
    let version = if is_engine { member.version() } else { None };
    let info = [
        own[0],
        own[1],
        ("role", member.role().as_str()),
        ("model", model.as_deref().unwrap_or("")),
        ("engine_version", version.as_deref().unwrap_or("")),
        ("image", &container.image),
    ];
    families.add(&INFO, &info, 1_u32);
    for state in Life::ALL {
        families.add(&STATE, &[own[0], own[1], ("state", state.as_str())], state == life);
    }
    families.add(&RESTARTS, &own, container.restarts);
    families.add(&OOM_KILLED, &own, member.oom_kills);
    families.add(&START_TIME, &own, container.state.started_at);
    if is_engine {
        families.add(&LOAD, &own, member.asked.lock().load);
        families.add(&LOAD_FAILURES, &own, member.load_failures);
    }
    if let Some((source, gpus)) = &member.gpus {
        families.add(&GPU, &[own[0], own[1], ("source", source), ("gpus", gpus)], 1_u32);
    }
}
