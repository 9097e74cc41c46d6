//! What a GPU is.

use std::ffi::{c_char, c_uint};

use nvml_wrapper_sys::bindings::{nvmlDevice_t, nvmlPciInfo_t, nvmlReturn_t};

use super::enter::device;
use super::out::{code, put, put_text};

/// Calls that answer with a text.
macro_rules! texts {
    ($($call:ident: $member:ident;)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $call(
            handle: nvmlDevice_t,
            to: *mut c_char,
            room: c_uint,
        ) -> nvmlReturn_t {
            code(device(stringify!($call), handle)
                .and_then(|asked| unsafe { put_text(to, room, &asked.gpu.$member) }))
        }
    )*};
}

texts! {
    nvmlDeviceGetUUID: uuid;
    nvmlDeviceGetName: name;
    nvmlDeviceGetSerial: serial;
    nvmlDeviceGetVbiosVersion: vbios;
}

/// Calls that answer with the number of the GPU.
macro_rules! numbers {
    ($($call:ident)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $call(handle: nvmlDevice_t, to: *mut c_uint) -> nvmlReturn_t {
            code(device(stringify!($call), handle)
                .and_then(|asked| unsafe { put(to, asked.index as c_uint) }))
        }
    )*};
}

numbers! { nvmlDeviceGetIndex nvmlDeviceGetMinorNumber }

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPciInfo_v3(
    handle: nvmlDevice_t,
    to: *mut nvmlPciInfo_t,
) -> nvmlReturn_t {
    code(device("nvmlDeviceGetPciInfo_v3", handle).and_then(|asked| {
        let id = &asked.gpu.pci_bus_id;
        let part = |from, until| {
            let digits = id.get(from..until).unwrap_or_default();
            c_uint::from_str_radix(digits, 16).unwrap_or_default()
        };
        let info = nvmlPciInfo_t {
            // The older form has four digits of the domain less.
            busIdLegacy: padded(id.get(4..).unwrap_or_default()),
            domain: part(0, 8),
            bus: part(9, 11),
            device: part(12, 14),
            pciDeviceId: 0x2335_10de,
            pciSubSystemId: 0x18be_10de,
            busId: padded(id),
        };
        unsafe { put(to, info) }
    }))
}

fn padded<const N: usize>(text: &str) -> [c_char; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().take(N - 1).zip(text.bytes()) {
        *to = from as c_char;
    }
    bytes
}
