//! Energy between two moments, from a counter that was read now and then. Pure.
//!
//! What the counter grew between the first and the last reading within the run is exact. Of the time before the first
//! and after the last, each shorter than one scrape interval, nobody knows how much of its growth belongs to the run:
//! it is taken at the run's mean power, and never for more than the counter grew there. To interpolate over the run's
//! ends would mix in the idling before and after it; `increase()` of Prometheus takes more than the counter grew.

/// What a card took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Energy {
    pub(super) joules: f64,
    /// Part of it that is of before the first or after the last reading of the run.
    pub(super) edges: f64,
    /// By readings of power, for want of a counter.
    pub(super) from_power: bool,
}

/// (seconds since 1970, value), ascending.
type Points = [(f64, f64)];

impl Energy {
    /// Joules from `start` to `end` by a counter of joules; `None` unless it was read twice in between.
    pub(super) fn of_counter(points: &Points, start: f64, end: f64) -> Option<Self> {
        let grown = without_resets(points);
        let within = |(at, _): &&(f64, f64)| (start..=end).contains(at);
        let first = *grown.iter().find(within)?;
        let last = *grown.iter().rev().find(within)?;
        let before = grown.iter().rev().find(|(at, _)| *at < start);
        let after = grown.iter().find(|(at, _)| *at > end);
        let inside = last.1 - first.1;
        if last.0 <= first.0 {
            return None;
        }
        let watts = inside / (last.0 - first.0);
        let head = watts * (first.0 - start);
        let tail = watts * (end - last.0);
        let head = before.map_or(head, |before| head.min(first.1 - before.1));
        let tail = after.map_or(tail, |after| tail.min(after.1 - last.1));
        Some(Self { joules: inside + head + tail, edges: head + tail, from_power: false })
    }

    /// The same by readings of power, in milliwatts: between two of them, it is taken to change evenly.
    pub(super) fn of_power(points: &Points, start: f64, end: f64) -> Option<Self> {
        let mut joules = 0.0;
        let mut before: Option<(f64, f64)> = None;
        let mut counter = Vec::with_capacity(points.len());
        for (at, milliwatts) in points {
            let watts = milliwatts / 1000.0;
            if let Some((earlier, previous)) = before {
                joules += (at - earlier) * (previous + watts) / 2.0;
            }
            before = Some((*at, watts));
            counter.push((*at, joules));
        }
        let energy = Self::of_counter(&counter, start, end)?;
        Some(Self { from_power: true, ..energy })
    }
}

/// The same counter, had it gone on where it began anew.
fn without_resets(points: &Points) -> Vec<(f64, f64)> {
    let mut lost = 0.0;
    let mut previous = f64::NEG_INFINITY;
    let gone_on = |(at, value): &(f64, f64)| {
        if *value < previous {
            lost += previous;
        }
        previous = *value;
        (*at, value + lost)
    };
    points.iter().map(gone_on).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joules(points: &Points, start: f64, end: f64) -> Option<(f64, f64)> {
        Energy::of_counter(points, start, end).map(|energy| (energy.joules, energy.edges))
    }

    /// Idle at 100 W, from 8 to 32 at 600 W, then idle again; read every 5 s.
    fn busy_from_8_to_32() -> Vec<(f64, f64)> {
        let energy = |at: f64| 100.0 * at + 500.0 * (at.clamp(8.0, 32.0) - 8.0);
        (0..=8).map(|reading| f64::from(reading) * 5.0).map(|at| (at, energy(at))).collect()
    }

    #[test]
    fn the_ends_of_a_run_are_taken_at_its_own_power() {
        // 24 s at 600 W, of which 2 s before the first and 2 s after the last reading.
        assert_eq!(joules(&busy_from_8_to_32(), 8.0, 32.0), Some((14_400.0, 2_400.0)));
    }

    #[test]
    fn never_more_than_the_counter_grew() {
        // Who says that the run began at 6 is wrong by two seconds, in which 400 J were idled away.
        let counter = [(5.0, 0.0), (10.0, 100.0), (15.0, 3_100.0), (20.0, 3_150.0)];
        let (joules, edges) = joules(&counter, 6.0, 19.0).unwrap();
        assert_eq!((joules, edges), (3_000.0 + 100.0 + 50.0, 150.0));
    }

    #[test]
    fn without_readings_around_it_the_ends_go_on() {
        let counter = [(10.0, 1_000.0), (15.0, 2_000.0)];
        assert_eq!(joules(&counter, 9.0, 17.0), Some((1_600.0, 600.0)));
    }

    #[test]
    fn a_counter_that_begins_anew_loses_nothing_that_was_read() {
        let counter = [(0.0, 900.0), (5.0, 1_000.0), (10.0, 50.0), (15.0, 150.0)];
        // 100 J, then 50 J since the reset, then 100 J.
        assert_eq!(joules(&counter, 0.0, 15.0), Some((250.0, 0.0)));
    }

    #[test]
    fn one_reading_is_not_enough() {
        let counter = [(0.0, 0.0), (5.0, 500.0), (10.0, 1_000.0)];
        assert_eq!(joules(&counter, 1.0, 9.0), None);
        assert_eq!(joules(&counter, 6.0, 9.0), None);
        assert_eq!(joules(&[], 0.0, 9.0), None);
    }

    #[test]
    fn power_adds_up_to_energy() {
        let power = [(0.0, 100_000.0), (10.0, 300_000.0), (20.0, 300_000.0)];
        let energy = Energy::of_power(&power, 0.0, 20.0);
        assert_eq!(energy, Some(Energy { joules: 5_000.0, edges: 0.0, from_power: true }));
    }
}
