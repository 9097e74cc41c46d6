//! NVLinks, one at a time.

use std::ffi::{c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlEnableState_t,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT, nvmlReturn_t,
};

use super::enter::device_noting;
use super::out::{Outcome, code, put};
use crate::script::Link;

/// Of an H200.
const VERSION: c_uint = 4;

fn link(call: &str, handle: nvmlDevice_t, number: c_uint) -> Outcome<Link> {
    let asked = device_noting(call, handle, &number.to_string())?;
    asked.gpu.links.get(number as usize).cloned().ok_or(INVALID_ARGUMENT)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetNvLinkState(
    handle: nvmlDevice_t,
    number: c_uint,
    to: *mut nvmlEnableState_t,
) -> nvmlReturn_t {
    let link = link("nvmlDeviceGetNvLinkState", handle, number);
    code(link.and_then(|link| unsafe { put(to, c_uint::from(link.active)) }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetNvLinkVersion(
    handle: nvmlDevice_t,
    number: c_uint,
    to: *mut c_uint,
) -> nvmlReturn_t {
    let link = link("nvmlDeviceGetNvLinkVersion", handle, number);
    code(link.and_then(|_| unsafe { put(to, VERSION) }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetNvLinkErrorCounter(
    handle: nvmlDevice_t,
    number: c_uint,
    counter: c_uint,
    to: *mut c_ulonglong,
) -> nvmlReturn_t {
    let link = link("nvmlDeviceGetNvLinkErrorCounter", handle, number);
    code(link.and_then(|link| {
        let errors = link.errors.get(counter as usize).ok_or(INVALID_ARGUMENT)?;
        unsafe { put(to, *errors) }
    }))
}
