//! GPU performance monitoring: samples, and what happened between two of them.

use std::ffi::{CStr, c_uint};
use std::ptr::without_provenance_mut;

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlGpmMetric_t, nvmlGpmMetric_t__bindgen_ty_1 as Names, nvmlGpmMetricsGet_t,
    nvmlGpmSample_t, nvmlGpmSupport_t,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED as NOT_SUPPORTED,
    nvmlReturn_enum_NVML_SUCCESS as SUCCESS, nvmlReturn_t,
};

use super::enter::{device, library, trouble};
use super::out::{Outcome, code, put};
use crate::script::Gpu;
use crate::stage::{Sample, Stage};

/// Unit of what the script has.
const PERCENT: &CStr = c"%";

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmQueryDeviceSupport(
    handle: nvmlDevice_t,
    to: *mut nvmlGpmSupport_t,
) -> nvmlReturn_t {
    code(device("nvmlGpmQueryDeviceSupport", handle).and_then(|asked| {
        let supported = c_uint::from(!asked.gpu.gpm.is_empty());
        unsafe { put(to, nvmlGpmSupport_t { version: 1, isSupportedDevice: supported }) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmSampleAlloc(to: *mut nvmlGpmSample_t) -> nvmlReturn_t {
    code(library("nvmlGpmSampleAlloc").and_then(|mut stage| {
        let number = stage.give();
        stage.samples.insert(number, None);
        unsafe { put(to, without_provenance_mut(number)) }
    }))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlGpmSampleFree(sample: nvmlGpmSample_t) -> nvmlReturn_t {
    let mut stage = Stage::now();
    stage.note("nvmlGpmSampleFree");
    let freed = stage.samples.remove(&sample.addr());
    code(freed.map(|_| ()).ok_or(INVALID_ARGUMENT))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlGpmSampleGet(handle: nvmlDevice_t, to: nvmlGpmSample_t) -> nvmlReturn_t {
    code(device("nvmlGpmSampleGet", handle).and_then(|asked| {
        let mut stage = Stage::now();
        let sample = stage.samples.get_mut(&to.addr()).ok_or(INVALID_ARGUMENT)?;
        *sample = Some(Sample { gpu: asked.index, at: std::time::Instant::now() });
        Ok(())
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlGpmMetricsGet(to: *mut nvmlGpmMetricsGet_t) -> nvmlReturn_t {
    if to.is_null() {
        return INVALID_ARGUMENT;
    }
    let request = unsafe { &mut *to };
    code(between(request))
}

fn between(request: &mut nvmlGpmMetricsGet_t) -> Outcome {
    let mut stage = library("nvmlGpmMetricsGet")?;
    let taken = |sample: nvmlGpmSample_t| {
        stage.samples.get(&sample.addr()).copied().flatten().ok_or(INVALID_ARGUMENT)
    };
    let (first, second) = (taken(request.sample1)?, taken(request.sample2)?);
    let count = request.numMetrics as usize;
    if first.gpu != second.gpu || first.at >= second.at || count > request.metrics.len() {
        return Err(INVALID_ARGUMENT);
    }
    let gpu = stage.gpu(first.gpu).ok_or(INVALID_ARGUMENT)?;
    // The window is for the test that scrapes must not move it.
    let window = second.at.duration_since(first.at).as_millis();
    stage.note(&format!("window {} {window}", first.gpu));
    request.metrics[..count].iter_mut().for_each(|metric| fill(&gpu, metric));
    Ok(())
}

fn fill(gpu: &Gpu, metric: &mut nvmlGpmMetric_t) {
    let id = metric.metricId;
    let known = trouble(gpu, &format!("gpm:{id}"))
        .and_then(|()| gpu.gpm.get(&id).copied().ok_or(NOT_SUPPORTED));
    metric.nvmlReturn = known.err().unwrap_or(SUCCESS);
    metric.value = known.unwrap_or_default();
    let unit = PERCENT.as_ptr().cast_mut();
    metric.metricInfo = Names { shortName: unit, longName: unit, unit };
}
