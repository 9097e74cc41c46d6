//! The library as a whole: opening and closing it, its versions, its GPUs.

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::ptr::without_provenance_mut;

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_NOT_FOUND as NOT_FOUND,
    nvmlReturn_enum_NVML_ERROR_UNINITIALIZED as UNINITIALIZED, nvmlReturn_t,
};

use super::enter::{healthy, library, when_free};
use super::out::{Outcome, code, put, put_text};
use crate::stage::Stage;

#[unsafe(no_mangle)]
extern "C" fn nvmlInit_v2() -> nvmlReturn_t {
    code(open("nvmlInit_v2"))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlInitWithFlags(_: c_uint) -> nvmlReturn_t {
    code(open("nvmlInitWithFlags"))
}

fn open(call: &str) -> Outcome {
    Stage::now().note(call);
    let mut stage = when_free(|stage| stage.script.hang.iter().any(|hung| hung == call));
    if stage.script.init != 0 {
        return Err(stage.script.init);
    }
    stage.open();
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn nvmlShutdown() -> nvmlReturn_t {
    let mut stage = Stage::now();
    stage.note("nvmlShutdown");
    if stage.opened == 0 {
        return UNINITIALIZED;
    }
    stage.close();
    code(Ok(()))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlErrorString(result: nvmlReturn_t) -> *const c_char {
    let text: &CStr = match result {
        0 => c"Success",
        3 => c"Not Supported",
        9 => c"Driver Not Loaded",
        15 => c"GPU is lost",
        18 => c"Driver/library version mismatch",
        _ => c"Unknown Error",
    };
    text.as_ptr()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetDriverVersion(to: *mut c_char, room: c_uint) -> nvmlReturn_t {
    code(
        library("nvmlSystemGetDriverVersion")
            .and_then(|stage| unsafe { put_text(to, room, &stage.script.driver) }),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetNVMLVersion(to: *mut c_char, room: c_uint) -> nvmlReturn_t {
    code(library("nvmlSystemGetNVMLVersion").and_then(|stage| {
        let version = format!("{}.{}", stage.script.cuda / 1000, stage.script.driver);
        unsafe { put_text(to, room, &version) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetCudaDriverVersion_v2(to: *mut c_int) -> nvmlReturn_t {
    code(
        library("nvmlSystemGetCudaDriverVersion_v2")
            .and_then(|stage| unsafe { put(to, stage.script.cuda) }),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCount_v2(to: *mut c_uint) -> nvmlReturn_t {
    code(
        library("nvmlDeviceGetCount_v2")
            .and_then(|stage| unsafe { put(to, stage.count() as c_uint) }),
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(
    index: c_uint,
    to: *mut nvmlDevice_t,
) -> nvmlReturn_t {
    code(library("nvmlDeviceGetHandleByIndex_v2").and_then(|stage| {
        let gpu = stage.gpu(index as usize).ok_or(INVALID_ARGUMENT)?;
        healthy(&gpu)?;
        unsafe { put(to, without_provenance_mut(stage.handle(index as usize))) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByUUID(
    uuid: *const c_char,
    to: *mut nvmlDevice_t,
) -> nvmlReturn_t {
    code(library("nvmlDeviceGetHandleByUUID").and_then(|stage| {
        if uuid.is_null() {
            return Err(INVALID_ARGUMENT);
        }
        let uuid = unsafe { CStr::from_ptr(uuid) };
        let index = stage.index_of(uuid.to_bytes()).ok_or(NOT_FOUND)?;
        unsafe { put(to, without_provenance_mut(stage.handle(index))) }
    }))
}
