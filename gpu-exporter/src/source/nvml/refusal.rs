//! What NVML's error codes mean for whoever asks.

use crate::snapshot::GpuError;
use crate::source::SourceError;

/// The codes of `nvmlReturn_t` that mean something of their own.
mod code {
    pub(super) const UNINITIALIZED: u32 = 1;
    pub(super) const NOT_SUPPORTED: u32 = 3;
    pub(super) const NO_PERMISSION: u32 = 4;
    pub(super) const DRIVER_NOT_LOADED: u32 = 9;
    pub(super) const FUNCTION_NOT_FOUND: u32 = 13;
    pub(super) const GPU_IS_LOST: u32 = 15;
    pub(super) const RESET_REQUIRED: u32 = 16;
    pub(super) const LIB_RM_VERSION_MISMATCH: u32 = 18;
    /// A structure of a version that the driver does not know.
    pub(super) const ARGUMENT_VERSION_MISMATCH: u32 = 25;
    /// A call that the driver no longer has.
    pub(super) const DEPRECATED: u32 = 26;
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It never will, on this GPU with this driver.
    Unsupported,
    /// Not to this process.
    NotAllowed,
    /// It may the next time; in the driver's words.
    Passing(String),
    /// No call on this GPU will.
    Gpu(GpuError),
    /// No call at all will, until NVML is initialised anew.
    Source(SourceError),
}

impl Refusal {
    /// What is not known to be more than that is taken to pass.
    pub(super) fn of(code: u32, said: String) -> Self {
        match code {
            code::NOT_SUPPORTED
            | code::FUNCTION_NOT_FOUND
            | code::ARGUMENT_VERSION_MISMATCH
            | code::DEPRECATED => Self::Unsupported,
            code::NO_PERMISSION => Self::NotAllowed,
            code::GPU_IS_LOST => Self::Gpu(GpuError::Lost),
            code::RESET_REQUIRED => Self::Gpu(GpuError::ResetRequired),
            code::DRIVER_NOT_LOADED => Self::Source(SourceError::DriverNotLoaded),
            code::LIB_RM_VERSION_MISMATCH => Self::Source(SourceError::VersionMismatch),
            code::UNINITIALIZED => {
                Self::Source(SourceError::Failed { call: "a call to NVML", detail: said })
            }
            _ => Self::Passing(said),
        }
    }

    /// What it means where a source can't be without what was asked.
    pub(super) fn of_source(code: u32, call: &'static str, said: String) -> SourceError {
        match Self::of(code, said.clone()) {
            Self::Source(error) => error,
            Self::NotAllowed => SourceError::NoPermission,
            _ => SourceError::Failed { call, detail: said },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u32) -> Refusal {
        Refusal::of(code, "said".to_owned())
    }

    #[test]
    fn only_what_never_works_is_unsupported() {
        for code in [3, 13, 25, 26] {
            assert_eq!(of(code), Refusal::Unsupported, "{code}");
        }
        for code in [2, 6, 7, 10, 17, 19, 999] {
            assert_eq!(of(code), Refusal::Passing("said".to_owned()), "{code}");
        }
        assert_eq!(of(4), Refusal::NotAllowed);
    }

    #[test]
    fn one_gpu_and_the_whole_driver_are_told_apart() {
        assert_eq!(of(15), Refusal::Gpu(GpuError::Lost));
        assert_eq!(of(16), Refusal::Gpu(GpuError::ResetRequired));
        assert_eq!(of(9), Refusal::Source(SourceError::DriverNotLoaded));
        assert_eq!(of(18), Refusal::Source(SourceError::VersionMismatch));
        assert!(matches!(of(1), Refusal::Source(SourceError::Failed { .. })));
    }

    #[test]
    fn opening_fails_for_the_reason_that_is_known_or_in_the_drivers_words() {
        let opening = |code| Refusal::of_source(code, "opening", "said".to_owned());
        assert_eq!(opening(4), SourceError::NoPermission);
        assert_eq!(opening(9), SourceError::DriverNotLoaded);
        let failed = SourceError::Failed { call: "opening", detail: "said".to_owned() };
        assert_eq!(opening(999), failed);
        assert_eq!(opening(13), failed);
    }
}
