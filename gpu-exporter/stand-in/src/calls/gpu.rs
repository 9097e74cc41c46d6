//! What a GPU does: the calls that answer with numbers.

use std::ffi::{c_uint, c_ulonglong};
use std::time::Duration;

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlEnableState_t, nvmlMemory_t, nvmlMemory_v2_t,
    nvmlReturn_enum_NVML_ERROR_ARGUMENT_VERSION_MISMATCH as VERSION_MISMATCH,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT, nvmlReturn_t,
    nvmlUtilization_t, nvmlViolationTime_t,
};

use super::enter::{device, device_noting};
use super::out::{code, put};
use crate::pause::pause;

/// Calls with one result or two.
macro_rules! plain {
    ($($call:ident($($to:ident: $type:ty),+) = |$gpu:ident| $value:expr;)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $call(handle: nvmlDevice_t, $($to: *mut $type),+) -> nvmlReturn_t {
            code(device(stringify!($call), handle).and_then(|asked| {
                let $gpu = &asked.gpu;
                plain!(@put ($($to),+) $value)
            }))
        }
    )*};
    (@put ($first:ident) $value:expr) => { unsafe { put($first, $value) } };
    (@put ($first:ident, $second:ident) $value:expr) => {{
        let (one, other) = $value;
        unsafe { put($first, one) }?;
        unsafe { put($second, other) }
    }};
}

/// Calls whose argument chooses one of several numbers.
macro_rules! chosen {
    ($($call:ident: $member:ident;)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $call(
            handle: nvmlDevice_t,
            which: c_uint,
            to: *mut c_uint,
        ) -> nvmlReturn_t {
            code(device_noting(stringify!($call), handle, &which.to_string()).and_then(|asked| {
                let value = asked.gpu.$member.get(which as usize).ok_or(INVALID_ARGUMENT)?;
                unsafe { put(to, *value) }
            }))
        }
    )*};
}

/// How long the driver measures the video engines, in microseconds.
const SAMPLING: c_uint = 167_000;

plain! {
    nvmlDeviceGetUtilizationRates(to: nvmlUtilization_t) = |gpu| {
        let [busy, memory] = gpu.utilization;
        nvmlUtilization_t { gpu: busy, memory }
    };
    nvmlDeviceGetEncoderUtilization(to: c_uint, period: c_uint) = |gpu| (gpu.encoder, SAMPLING);
    nvmlDeviceGetDecoderUtilization(to: c_uint, period: c_uint) = |gpu| (gpu.decoder, SAMPLING);
    // The older call counts what is reserved as used.
    nvmlDeviceGetMemoryInfo(to: nvmlMemory_t) = |gpu| {
        let [total, reserved, free, used] = gpu.memory;
        nvmlMemory_t { total, free, used: used + reserved }
    };
    nvmlDeviceGetPowerUsage(to: c_uint) = |gpu| gpu.power_mw;
    nvmlDeviceGetEnforcedPowerLimit(to: c_uint) = |gpu| gpu.power_limits_mw[0];
    nvmlDeviceGetPowerManagementLimit(to: c_uint) = |gpu| gpu.power_limits_mw[0];
    nvmlDeviceGetPowerManagementDefaultLimit(to: c_uint) = |gpu| gpu.power_limits_mw[1];
    nvmlDeviceGetPowerManagementLimitConstraints(least: c_uint, most: c_uint) =
        |gpu| (gpu.power_limits_mw[2], gpu.power_limits_mw[3]);
    nvmlDeviceGetTotalEnergyConsumption(to: c_ulonglong) = |gpu| gpu.energy_mj;
    nvmlDeviceGetCurrentClocksThrottleReasons(to: c_ulonglong) = |gpu| gpu.throttle_reasons;
    nvmlDeviceGetCurrentClocksEventReasons(to: c_ulonglong) = |gpu| gpu.throttle_reasons;
    nvmlDeviceGetPerformanceState(to: c_uint) = |gpu| gpu.performance_state;
    nvmlDeviceGetEccMode(now: nvmlEnableState_t, later: nvmlEnableState_t) =
        |gpu| (u32::from(gpu.ecc_enabled), u32::from(gpu.ecc_enabled));
    nvmlDeviceGetPersistenceMode(to: nvmlEnableState_t) = |_gpu| 1;
    nvmlDeviceGetPcieReplayCounter(to: c_uint) = |gpu| gpu.pcie_replays;
    nvmlDeviceGetCurrPcieLinkGeneration(to: c_uint) = |gpu| gpu.pcie_link[0];
    nvmlDeviceGetMaxPcieLinkGeneration(to: c_uint) = |gpu| gpu.pcie_link[1];
    nvmlDeviceGetCurrPcieLinkWidth(to: c_uint) = |gpu| gpu.pcie_link[2];
    nvmlDeviceGetMaxPcieLinkWidth(to: c_uint) = |gpu| gpu.pcie_link[3];
}

chosen! {
    nvmlDeviceGetTemperatureThreshold: thresholds;
    nvmlDeviceGetClockInfo: clocks;
    nvmlDeviceGetMaxClockInfo: max_clocks;
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMemoryInfo_v2(
    handle: nvmlDevice_t,
    to: *mut nvmlMemory_v2_t,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetMemoryInfo_v2", handle).and_then(|asked| {
        if to.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        let version = unsafe { (*to).version };
        if version as usize != size_of::<nvmlMemory_v2_t>() | 2 << 24 {
            return Err(VERSION_MISMATCH);
        }
        let [total, reserved, free, used] = asked.gpu.memory;
        unsafe { put(to, nvmlMemory_v2_t { version, total, reserved, free, used }) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTemperature(
    handle: nvmlDevice_t,
    sensor: c_uint,
    to: *mut c_uint,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetTemperature", handle).and_then(|asked| match sensor {
        0 => unsafe { put(to, asked.gpu.temperature) },
        _ => Err(INVALID_ARGUMENT),
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetViolationStatus(
    handle: nvmlDevice_t,
    policy: c_uint,
    to: *mut nvmlViolationTime_t,
) -> nvmlReturn_t {
    let call = "nvmlDeviceGetViolationStatus";
    code(device_noting(call, handle, &policy.to_string()).and_then(|asked| {
        let violations = &asked.gpu.violations_ns;
        let time = *violations.get(policy as usize).ok_or(INVALID_ARGUMENT)?;
        unsafe { put(to, nvmlViolationTime_t { referenceTime: 0, violationTime: time }) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTotalEccErrors(
    handle: nvmlDevice_t,
    uncorrected: c_uint,
    since: c_uint,
    to: *mut c_ulonglong,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetTotalEccErrors", handle).and_then(|asked| {
        if uncorrected > 1 || since > 1 {
            return Err(INVALID_ARGUMENT);
        }
        let errors = &asked.gpu.ecc_errors;
        unsafe { put(to, errors[(2 * since + uncorrected) as usize]) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetRemappedRows(
    handle: nvmlDevice_t,
    correctable: *mut c_uint,
    uncorrectable: *mut c_uint,
    pending: *mut c_uint,
    failed: *mut c_uint,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetRemappedRows", handle).and_then(|asked| {
        let places = [correctable, uncorrectable, pending, failed];
        places
            .into_iter()
            .zip(asked.gpu.remapped_rows)
            .try_for_each(|(to, rows)| unsafe { put(to, rows) })
    }))
}

/// The call that nobody should make: it measures for 20 ms.
#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPcieThroughput(
    handle: nvmlDevice_t,
    received: c_uint,
    to: *mut c_uint,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetPcieThroughput", handle).and_then(|_| {
        pause(Duration::from_millis(20));
        unsafe { put(to, 1_000 * (received + 1)) }
    }))
}
