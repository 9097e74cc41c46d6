//! `nvmlDeviceGetFieldValues`: numbers by id, among them those that have no call of their own.

use std::ffi::{c_int, c_uint};

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlFieldValue_t,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED as NOT_SUPPORTED,
    nvmlReturn_enum_NVML_SUCCESS as SUCCESS, nvmlReturn_t, nvmlValue_t,
    nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT as UNSIGNED_INT,
    nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG as UNSIGNED_LONG_LONG,
};

use super::enter::{Asked, device, trouble};
use super::out::{Outcome, code};
use crate::script::{Gpu, Link};
use crate::stage::Stage;

/// What a field of power smoothing says. Who asks for a moved field by its old id, or the other way
/// round, gets this and not an error.
const POWER_SMOOTHING: u64 = 666;
/// The scope that means all links.
const ALL_LINKS: c_uint = c_uint::MAX;

/// The value of a field, in the width that the driver has for it.
enum Value {
    Narrow(u32),
    Wide(u64),
}

use Value::{Narrow, Wide};

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetFieldValues(
    handle: nvmlDevice_t,
    count: c_int,
    values: *mut nvmlFieldValue_t,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetFieldValues", handle).and_then(|asked| {
        let count = usize::try_from(count).ok().filter(|count| *count > 0);
        let (Some(count), false) = (count, values.is_null()) else {
            return Err(INVALID_ARGUMENT);
        };
        let values = unsafe { std::slice::from_raw_parts_mut(values, count) };
        let moved = has_moved_fields(&Stage::now().script.driver);
        values.iter_mut().for_each(|value| fill(&asked, moved, value));
        Ok(())
    }))
}

/// Fills in one value, and its own return code.
fn fill(asked: &Asked, moved: bool, value: &mut nvmlFieldValue_t) {
    let (id, scope) = (value.fieldId, value.scopeId);
    Stage::now().note(&format!("field:{id} {} {scope}", asked.index));
    let known = trouble(&asked.gpu, &format!("field:{id}"))
        .and_then(|()| read(&asked.gpu, current(id, moved), scope));
    match known {
        Ok(Narrow(number)) => {
            value.valueType = UNSIGNED_INT;
            value.value = nvmlValue_t { uiVal: number };
        }
        Ok(Wide(number)) => {
            value.valueType = UNSIGNED_LONG_LONG;
            value.value = nvmlValue_t { ullVal: number };
        }
        Err(_) => {}
    }
    value.nvmlReturn = known.err().unwrap_or(SUCCESS);
}

/// Whether the driver is 580.82 or newer.
fn has_moved_fields(driver: &str) -> bool {
    let mut parts = driver.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    (parts.next(), parts.next()) >= (Some(580), Some(82))
}

/// The id that a field has had since 580.82, of the id that this driver has for it.
fn current(id: u32, moved: bool) -> u32 {
    match id {
        _ if moved => id,
        251..=255 => id + 18,
        256..=273 => id - 5,
        _ => id,
    }
}

fn read(gpu: &Gpu, id: u32, scope: c_uint) -> Outcome<Value> {
    let sum = |of: fn(&Link) -> u64| gpu.links.iter().map(of).sum::<u64>();
    let errors = |kind: usize| gpu.links.iter().map(|link| link.errors[kind]).sum::<u64>();
    let scoped = |of: fn(&Link) -> u64| match scope {
        ALL_LINKS => Ok(Wide(sum(of))),
        link => gpu.links.get(link as usize).map(|link| Wide(of(link))).ok_or(INVALID_ARGUMENT),
    };
    Ok(match id {
        38 => Wide(errors(2)),
        45 => Wide(errors(3)),
        52 => Wide(errors(0)),
        59 => Wide(errors(1)),
        74..=79 => Wide(gpu.violations_ns[id as usize - 74]),
        82 => Narrow(gpu.memory_temperature),
        83 => Wide(gpu.energy_mj),
        91 => Narrow(gpu.links.len() as u32),
        94 => Narrow(gpu.pcie_replays),
        138 => return scoped(|link| link.tx_kib),
        139 => return scoped(|link| link.rx_kib),
        // What is sent raw has headers too.
        140 => return scoped(|link| link.tx_kib * 9 / 8),
        141 => return scoped(|link| link.rx_kib * 9 / 8),
        142..=145 => Narrow(gpu.remapped_rows[id as usize - 142]),
        160 => Wide(errors(4)),
        161 => return scoped(|link| link.errors[0]),
        162 => return scoped(|link| link.errors[1]),
        163 => return scoped(|link| link.errors[2]),
        165 => return scoped(|link| u64::from(link.active)),
        185 => Narrow(gpu.power_mw),
        186 => Narrow(gpu.power_instant_mw),
        187 => Narrow(gpu.power_limits_mw[2]),
        188 => Narrow(gpu.power_limits_mw[3]),
        189 => Narrow(gpu.power_limits_mw[1]),
        190 | 192 => Narrow(gpu.power_limits_mw[0]),
        197 if gpu.pcie_narrow => Narrow(gpu.pcie_tx_bytes as u32),
        198 if gpu.pcie_narrow => Narrow(gpu.pcie_rx_bytes as u32),
        197 => Wide(gpu.pcie_tx_bytes),
        198 => Wide(gpu.pcie_rx_bytes),
        230 => Narrow(gpu.recovery_action),
        251..=268 => Wide(POWER_SMOOTHING),
        269..=271 => Wide(gpu.slowdowns_ns[id as usize - 269]),
        _ => return Err(NOT_SUPPORTED),
    })
}
