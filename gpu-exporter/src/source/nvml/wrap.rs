//! Counters of 32 bits begin at 0 again when they are full: `nvml.h` says so of the bytes over PCIe.

/// One counter. Right as long as it is read at least once per 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unwrapped {
    low: u32,
    wraps: u32,
}

impl Unwrapped {
    /// All of it, now that the driver says this.
    pub(super) fn next(&mut self, low: u32) -> u64 {
        self.wraps += u32::from(low < self.low);
        self.low = low;
        u64::from(self.wraps) << 32 | u64::from(low)
    }
}

#[test]
fn it_goes_on_where_the_driver_begins_anew() {
    let mut counter = Unwrapped::default();
    let all: Vec<u64> = [5, u32::MAX, 0, 9, 8].map(|low| counter.next(low)).into();
    assert_eq!(all, [5, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0009, 0x2_0000_0008]);
}
