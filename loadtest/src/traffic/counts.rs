//! What came of the requests. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::order::Ended;

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    sent: u64,
    answered: u64,
    left: u64,
    /// By status.
    refused: BTreeMap<u16, u64>,
    broken: u64,
    late: u64,
    unreachable: u64,
    left_out: u64,
}

impl Counts {
    /// A request is on its way.
    pub(super) fn send(&mut self) {
        self.sent += 1;
    }

    /// One more would have been too many.
    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    pub(super) fn add(&mut self, ended: Ended) {
        *match ended {
            Ended::Answered => &mut self.answered,
            Ended::Left => &mut self.left,
            Ended::Refused(status) => self.refused.entry(status).or_default(),
            Ended::Broken => &mut self.broken,
            Ended::Late => &mut self.late,
            Ended::Unreachable => &mut self.unreachable,
        } += 1;
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// All of them, in one line.
    pub(super) fn line(&self, elapsed: Duration) -> String {
        let statuses = self.refused.iter().map(|(status, count)| (*count, format!("got {status}")));
        let known =
            [(self.answered, "answered".to_owned()), (self.left, "left by the client".into())]
                .into_iter()
                .chain(statuses)
                .chain([
                    (self.broken, "broken off".to_owned()),
                    (self.late, "given up after 30 s".to_owned()),
                    (self.unreachable, "not connected".to_owned()),
                ]);
        let known: Vec<_> = known.filter(|(count, _)| *count > 0).collect();
        let ended: u64 = known.iter().map(|(count, _)| count).sum();
        let under_way = (self.sent - ended, "under way".to_owned());
        let mut parts: Vec<_> = known
            .iter()
            .chain([&under_way])
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if self.left_out > 0 {
            parts.push(format!("{} left out, since too many were under way", self.left_out));
        }
        format!("{} requests in {} s: {}.", self.sent, elapsed.as_secs(), parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let mut counts = Counts::default();
        assert_eq!(counts.line(Duration::ZERO), "0 requests in 0 s: 0 under way.");
        for ended in [
            Ended::Answered,
            Ended::Refused(503),
            Ended::Answered,
            Ended::Left,
            Ended::Refused(404),
            Ended::Late,
            Ended::Broken,
            Ended::Unreachable,
            Ended::Refused(404),
        ] {
            counts.send();
            counts.add(ended);
        }
        counts.send();
        counts.leave_out();
        assert_eq!(
            counts.line(Duration::from_millis(61_900)),
            "10 requests in 61 s: 2 answered, 1 left by the client, 2 got 404, 1 got 503, 1 broken off, \
             1 given up after 30 s, 1 not connected, 1 under way, 1 left out, since too many were under way."
        );
    }
}
