//! XID events: sets of GPUs, and waiting for what happens to them.

use std::ffi::{c_uint, c_ulonglong};
use std::ptr::without_provenance_mut;
use std::time::{Duration, Instant};

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlEventData_t, nvmlEventSet_t,
    nvmlReturn_enum_NVML_ERROR_GPU_IS_LOST as GPU_IS_LOST,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_TIMEOUT as TIMEOUT, nvmlReturn_t,
};

use super::enter::{device, library};
use super::out::{Outcome, code, put};
use crate::pause::{LOOK, pause};
use crate::stage::Stage;

/// `nvmlEventTypeXidCriticalError`
const XID: c_ulonglong = 8;
/// What an H200 can tell of: single- and double-bit ECC errors, state, XID, clocks.
const SUPPORTED: c_ulonglong = 31;

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlEventSetCreate(to: *mut nvmlEventSet_t) -> nvmlReturn_t {
    code(library("nvmlEventSetCreate").and_then(|mut stage| {
        let number = stage.give();
        stage.sets.insert(number, Vec::new());
        unsafe { put(to, without_provenance_mut(number)) }
    }))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlEventSetFree(set: nvmlEventSet_t) -> nvmlReturn_t {
    let mut stage = Stage::now();
    stage.note("nvmlEventSetFree");
    code(stage.sets.remove(&set.addr()).map(|_| ()).ok_or(INVALID_ARGUMENT))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetSupportedEventTypes(
    handle: nvmlDevice_t,
    to: *mut c_ulonglong,
) -> nvmlReturn_t {
    let asked = device("nvmlDeviceGetSupportedEventTypes", handle);
    code(asked.and_then(|_| unsafe { put(to, SUPPORTED) }))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceRegisterEvents(
    handle: nvmlDevice_t,
    types: c_ulonglong,
    set: nvmlEventSet_t,
) -> nvmlReturn_t {
    code(device("nvmlDeviceRegisterEvents", handle).and_then(|asked| {
        let mut stage = Stage::now();
        let gpus = stage.sets.get_mut(&set.addr()).ok_or(INVALID_ARGUMENT)?;
        if types & XID != 0 {
            gpus.push(asked.index);
        }
        Ok(())
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlEventSetWait_v2(
    set: nvmlEventSet_t,
    to: *mut nvmlEventData_t,
    timeout: c_uint,
) -> nvmlReturn_t {
    let until = Instant::now() + Duration::from_millis(timeout.into());
    code(wait(set.addr(), until).and_then(|event| unsafe { put(to, event) }))
}

/// Waits for the next event of a GPU of the set.
fn wait(set: usize, until: Instant) -> Outcome<nvmlEventData_t> {
    let mut stage = library("nvmlEventSetWait_v2")?;
    loop {
        if let Some(event) = next(&mut stage, set)? {
            return Ok(event);
        }
        if Instant::now() >= until {
            return Err(TIMEOUT);
        }
        drop(stage);
        pause(LOOK);
        stage = Stage::now();
    }
}

/// The next event that was not told yet. Those of GPUs that are in no set are forgotten, as a driver
/// does that nobody listens to.
fn next(stage: &mut Stage, set: usize) -> Outcome<Option<nvmlEventData_t>> {
    if stage.script.all != 0 {
        return Err(stage.script.all);
    }
    let gpus = stage.sets.get(&set).ok_or(INVALID_ARGUMENT)?.clone();
    if gpus.iter().any(|gpu| stage.gpu(*gpu).is_some_and(|gpu| gpu.all == GPU_IS_LOST)) {
        return Err(GPU_IS_LOST);
    }
    while let Some(event) = stage.script.xids.get(stage.told).cloned() {
        stage.told += 1;
        if gpus.contains(&event.gpu) {
            return Ok(Some(nvmlEventData_t {
                device: without_provenance_mut(stage.handle(event.gpu)),
                eventType: XID,
                eventData: event.xid,
                gpuInstanceId: c_uint::MAX,
                computeInstanceId: c_uint::MAX,
            }));
        }
    }
    Ok(None)
}
