//! GPUs that were asked for.

use serde_json::Value;

use super::bounds::shown;
use super::{LONGEST_NAME, items, text, texts};
use crate::container::{DeviceRequest, GpuWishes};

const MOST_REQUESTS: usize = 16;
const MOST_IDS: usize = 128;

pub(super) fn read(inspect: &Value) -> GpuWishes {
    GpuWishes {
        requests: requests(inspect),
        cdi: cdi(inspect),
        nvidia_runtime: text(inspect, "/HostConfig/Runtime") == "nvidia",
    }
}

fn requests(inspect: &Value) -> Vec<DeviceRequest> {
    items(inspect, "/HostConfig/DeviceRequests")
        .filter(|request| is_for_gpus(request))
        .map(|request| DeviceRequest {
            count: request.get("Count").and_then(Value::as_i64).unwrap_or_default(),
            ids: bounded(texts(request, "/DeviceIDs")),
        })
        .take(MOST_REQUESTS)
        .collect()
}

fn is_for_gpus(request: &Value) -> bool {
    let driver = text(request, "/Driver");
    let mut capabilities = items(request, "/Capabilities")
        .flat_map(|all_of| all_of.as_array().into_iter().flatten())
        .filter_map(Value::as_str);
    driver == "nvidia"
        || capabilities.any(|capability| capability == "gpu")
        || driver == "cdi" && texts(request, "/DeviceIDs").any(is_cdi_gpu)
}

/// podman keeps the name among the devices, or only in the command line that made the container.
fn cdi(inspect: &Value) -> Vec<String> {
    let devices = items(inspect, "/HostConfig/Devices")
        .filter_map(|device| device.get("PathOnHost").and_then(Value::as_str))
        .filter(|name| is_cdi_gpu(name));
    let devices = bounded(devices);
    if !devices.is_empty() {
        return devices;
    }
    let words = texts(inspect, "/Config/CreateCommand");
    let names = words.map(|word| word.strip_prefix("--device=").unwrap_or(word));
    bounded(names.filter(|name| is_cdi_gpu(name)))
}

/// Whether this is a CDI name such as `nvidia.com/gpu=0`, and no path.
fn is_cdi_gpu(name: &str) -> bool {
    !name.starts_with('/')
        && name.split_once("/gpu=").is_some_and(|(vendor, which)| {
            !vendor.is_empty() && !vendor.contains('/') && !which.is_empty()
        })
}

fn bounded<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.take(MOST_IDS).map(|name| shown(name, LONGEST_NAME)).collect()
}
