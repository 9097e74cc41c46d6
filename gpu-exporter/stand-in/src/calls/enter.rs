//! The way into every call: it is written to the log, and then hangs, fails or goes on as the script says.

use std::sync::Arc;

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED as NOT_SUPPORTED,
    nvmlReturn_enum_NVML_ERROR_UNINITIALIZED as UNINITIALIZED, nvmlReturn_t,
};
use parking_lot::MutexGuard;

use super::out::Outcome;
use crate::pause::{LOOK, pause};
use crate::script::{Gpu, Script};
use crate::stage::Stage;

/// A GPU that is asked something.
pub(super) struct Asked {
    pub(super) index: usize,
    pub(super) gpu: Arc<Gpu>,
}

/// Enters a call of the library as a whole.
pub(super) fn library(call: &str) -> Outcome<MutexGuard<'static, Stage>> {
    Stage::now().note(call);
    let stage = when_free(|stage| stage.script.hang.iter().any(|hung| hung == call));
    usable(&stage)?;
    scripted(stage.script.fail.get(call))?;
    Ok(stage)
}

/// Enters a call about one GPU.
pub(super) fn device(call: &str, handle: nvmlDevice_t) -> Outcome<Asked> {
    device_noting(call, handle, "")
}

/// The same, with more in the log than the name and the GPU.
pub(super) fn device_noting(call: &str, handle: nvmlDevice_t, more: &str) -> Outcome<Asked> {
    let handle = handle.addr();
    let index = {
        let mut stage = Stage::now();
        let index = stage.index(handle);
        let whom = index.map_or_else(|| "stale".to_owned(), |index| index.to_string());
        stage.note(format!("{call} {whom} {more}").trim_end());
        index.ok_or(INVALID_ARGUMENT)
    };
    let asked = |stage: &Stage| index.ok().and_then(|index| stage.gpu(index));
    let stage =
        when_free(|stage| asked(stage).is_some_and(|gpu| gpu.hang.iter().any(|hung| hung == call)));
    usable(&stage)?;
    let index = index?;
    // What was good when the call began may be stale after it hung.
    let gpu = stage.index(handle).and_then(|index| stage.gpu(index)).ok_or(INVALID_ARGUMENT)?;
    healthy(&gpu)?;
    trouble(&gpu, call)?;
    Ok(Asked { index, gpu })
}

/// Whether a GPU answers at all.
pub(super) fn healthy(gpu: &Gpu) -> Outcome {
    scripted(Some(&gpu.all))
}

/// What the script has to say of one call or part of a call.
pub(super) fn trouble(gpu: &Gpu, what: &str) -> Outcome {
    if gpu.unsupported.iter().any(|listed| listed == what) {
        return Err(NOT_SUPPORTED);
    }
    scripted(gpu.fail.get(what))
}

fn usable(stage: &Stage) -> Outcome {
    if stage.opened == 0 {
        return Err(UNINITIALIZED);
    }
    let Script { all, .. } = &stage.script;
    scripted(Some(all))
}

fn scripted(code: Option<&nvmlReturn_t>) -> Outcome {
    match code {
        None | Some(0) => Ok(()),
        Some(code) => Err(*code),
    }
}

/// Waits as long as this hangs.
pub(super) fn when_free(hangs: impl Fn(&Stage) -> bool) -> MutexGuard<'static, Stage> {
    loop {
        let stage = Stage::now();
        if !hangs(&stage) {
            return stage;
        }
        drop(stage);
        pause(LOOK);
    }
}
