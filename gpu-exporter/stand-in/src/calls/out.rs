//! Hands results over: to where the caller's pointers say, and as NVML's return codes.

use std::ffi::{c_char, c_uint};
use std::ptr::copy_nonoverlapping;

use nvml_wrapper_sys::bindings::{
    nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE as INSUFFICIENT_SIZE,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_SUCCESS as SUCCESS, nvmlReturn_t,
};

/// What a call comes to.
pub(super) type Outcome<T = ()> = Result<T, nvmlReturn_t>;

/// An outcome as C knows it.
pub(super) fn code(outcome: Outcome) -> nvmlReturn_t {
    outcome.err().unwrap_or(SUCCESS)
}

/// Writes a value to where the caller wants it.
///
/// # Safety
/// The pointer is null or may be written to.
pub(super) unsafe fn put<T>(to: *mut T, value: T) -> Outcome {
    if to.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    unsafe { to.write(value) };
    Ok(())
}

/// Writes a text with its closing zero.
///
/// # Safety
/// The pointer is null or `room` bytes may be written to.
pub(super) unsafe fn put_text(to: *mut c_char, room: c_uint, text: &str) -> Outcome {
    if to.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= room as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    unsafe {
        copy_nonoverlapping(text.as_ptr().cast(), to, text.len());
        to.add(text.len()).write(0);
    }
    Ok(())
}

/// Writes a list the way NVML does: what does not fit is an error that says how much room it takes.
///
/// # Safety
/// `count` is null or says how many elements may be written to `to`.
pub(super) unsafe fn put_list<T: Copy>(to: *mut T, count: *mut c_uint, list: &[T]) -> Outcome {
    if count.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    let room = unsafe { count.replace(list.len() as c_uint) };
    if list.len() > room as usize || (to.is_null() && !list.is_empty()) {
        return Err(INSUFFICIENT_SIZE);
    }
    if !list.is_empty() {
        unsafe { copy_nonoverlapping(list.as_ptr(), to, list.len()) };
    }
    Ok(())
}
