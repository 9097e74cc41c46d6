//! What a container does, and since when.

use std::time::SystemTime;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::text;
use crate::container::{Health, State, Status};

pub(super) fn read(inspect: &Value) -> State {
    let status = status(inspect);
    let finished_at = moment(text(inspect, "/State/FinishedAt"));
    let exit_code = inspect.pointer("/State/ExitCode").and_then(Value::as_i64);
    // While it runs, and before it first has, runtimes say 0 without meaning anything by it.
    let has_ended = !matches!(status, Status::Running | Status::Paused);
    let exit_code = exit_code.filter(|code| has_ended && (finished_at.is_some() || *code != 0));
    State {
        status,
        health: health(text(inspect, "/State/Health/Status")),
        oom_killed: says(inspect, "/State/OOMKilled"),
        exit_code,
        started_at: moment(text(inspect, "/State/StartedAt")),
        finished_at,
    }
}

fn status(inspect: &Value) -> Status {
    match text(inspect, "/State/Status") {
        "created" | "configured" | "initialized" => Status::Created,
        "running" | "stopping" => Status::Running,
        "paused" => Status::Paused,
        "restarting" => Status::Restarting,
        "exited" | "stopped" => Status::Exited,
        "removing" => Status::Removing,
        "dead" => Status::Dead,
        _ if says(inspect, "/State/Restarting") => Status::Restarting,
        _ if says(inspect, "/State/Paused") => Status::Paused,
        _ if says(inspect, "/State/Running") => Status::Running,
        _ => Status::Other,
    }
}

fn says(inspect: &Value, pointer: &str) -> bool {
    inspect.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

fn health(text: &str) -> Option<Health> {
    match text {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

/// A moment; `None` for the year 1, by which Go's programs mean never.
fn moment(text: &str) -> Option<SystemTime> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    (moment > OffsetDateTime::UNIX_EPOCH).then(|| moment.into())
}
