//! Processes on a GPU.

use std::ffi::{c_uint, c_ulonglong};
use std::time::{SystemTime, UNIX_EPOCH};

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlProcessInfo_v1_t, nvmlProcessInfo_v2_t, nvmlProcessUtilizationSample_t,
    nvmlReturn_enum_NVML_ERROR_NOT_FOUND as NOT_FOUND, nvmlReturn_t,
};

use super::enter::device;
use super::out::{code, put_list};
use crate::script::Process;

/// `NVML_VALUE_NOT_AVAILABLE`
const NOT_AVAILABLE: c_ulonglong = c_ulonglong::MAX;

/// Calls that list processes, in the forms that the list has had.
macro_rules! lists {
    ($($call:ident: $type:ty = $one:expr;)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $call(
            handle: nvmlDevice_t,
            count: *mut c_uint,
            to: *mut $type,
        ) -> nvmlReturn_t {
            code(device(stringify!($call), handle).and_then(|asked| {
                let list: Vec<$type> = asked.gpu.processes.iter().map($one).collect();
                unsafe { put_list(to, count, &list) }
            }))
        }
    )*};
}

lists! {
    nvmlDeviceGetComputeRunningProcesses_v3: nvmlProcessInfo_v2_t = newer;
    nvmlDeviceGetComputeRunningProcesses_v2: nvmlProcessInfo_v2_t = newer;
    nvmlDeviceGetComputeRunningProcesses: nvmlProcessInfo_v1_t = |process| nvmlProcessInfo_v1_t {
        pid: process.pid,
        usedGpuMemory: process.memory.unwrap_or(NOT_AVAILABLE),
    };
}

fn newer(process: &Process) -> nvmlProcessInfo_v2_t {
    nvmlProcessInfo_v2_t {
        pid: process.pid,
        usedGpuMemory: process.memory.unwrap_or(NOT_AVAILABLE),
        gpuInstanceId: c_uint::MAX,
        computeInstanceId: c_uint::MAX,
    }
}

/// An engine has no graphics context.
#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetGraphicsRunningProcesses_v3(
    handle: nvmlDevice_t,
    count: *mut c_uint,
    to: *mut nvmlProcessInfo_v2_t,
) -> nvmlReturn_t {
    let asked = device("nvmlDeviceGetGraphicsRunningProcesses_v3", handle);
    code(asked.and_then(|_| unsafe { put_list(to, count, &[]) }))
}

/// A sample of each process, taken right now.
#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetProcessUtilization(
    handle: nvmlDevice_t,
    to: *mut nvmlProcessUtilizationSample_t,
    count: *mut c_uint,
    _since: c_ulonglong,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetProcessUtilization", handle).and_then(|asked| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let sample = |process: &Process| {
            Some(nvmlProcessUtilizationSample_t {
                pid: process.pid,
                timeStamp: now.as_micros() as c_ulonglong,
                smUtil: process.sm?,
                memUtil: 0,
                encUtil: 0,
                decUtil: 0,
            })
        };
        let list: Vec<_> = asked.gpu.processes.iter().filter_map(sample).collect();
        if list.is_empty() {
            return Err(NOT_FOUND);
        }
        unsafe { put_list(to, count, &list) }
    }))
}
