//! What became of the lines of the access log.

/// What became of a line, the value of `result` in `weir_access_log_lines_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogLine {
    /// It was written.
    Written,
    /// It could not be written, or not as fast as others came.
    Dropped,
    /// It is of a success that the sample leaves out.
    SampledOut,
    /// It is one of too many errors of a kind; a line says how many there were.
    Suppressed,
}

impl LogLine {
    /// Every result.
    pub const ALL: [Self; 4] = [Self::Written, Self::Dropped, Self::SampledOut, Self::Suppressed];

    /// The value of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Dropped => "dropped",
            Self::SampledOut => "sampled_out",
            Self::Suppressed => "suppressed",
        }
    }
}
