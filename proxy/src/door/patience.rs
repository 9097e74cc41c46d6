//! How long a client of HTTP/1 is waited for. Only waiting counts: a client whose bytes nobody wants
//! yet, since the upstream is slow, is not slow itself.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::turn::Phase;
use crate::config::Limits;

/// As much as is read at once; the end of the head may be in it, and the beginning of a body behind.
const ONE_PIECE: usize = 64 << 10;

/// The patience with one connection.
pub(super) struct Patience {
    limits: Limits,
    /// When the first byte of the head came that is being read.
    head_since: Instant,
    /// How much of it has come.
    head_bytes: usize,
    /// Since when a byte of a body is waited for.
    waiting_since: Option<Instant>,
    /// How long was waited for the body so far.
    waited: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) fn new(limits: Limits) -> Self {
        let head_since = Instant::now();
        Self {
            limits,
            head_since,
            head_bytes: 0,
            waiting_since: None,
            waited: Duration::ZERO,
            alarm: None,
        }
    }

    /// So many bytes have come. Returns the phase that they begin, if they begin one.
    pub(super) fn received(&mut self, phase: Phase, bytes: usize) -> Option<Phase> {
        self.alarm = None;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
        match phase {
            Phase::Waiting if bytes > 0 => {
                self.head_since = Instant::now();
                self.head_bytes = bytes;
                self.waited = Duration::ZERO;
                Some(Phase::Head)
            }
            Phase::Head => {
                self.head_bytes += bytes;
                None
            }
            _ => None,
        }
    }

    /// Whether more of a head has come than there may be, and it has not ended yet. (Each piece is told
    /// before anybody looks at it, so that one piece more is let through.)
    pub(super) fn has_too_much_of_a_head(&self) -> bool {
        self.head_bytes > self.limits.head + ONE_PIECE
    }

    /// Nothing is there: ready once it is at an end.
    pub(super) fn poll_end(&mut self, phase: Phase, cx: &mut Context<'_>) -> Poll<()> {
        if self.alarm.is_none() {
            let Some(deadline) = self.deadline(phase) else { return Poll::Pending };
            self.alarm = Some(Box::pin(sleep_until(deadline)));
        }
        match &mut self.alarm {
            Some(alarm) => alarm.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }

    fn deadline(&mut self, phase: Phase) -> Option<Instant> {
        match phase {
            Phase::Waiting => Some(Instant::now() + self.limits.idle),
            Phase::Head => Some(self.head_since + self.limits.head_timeout),
            Phase::Body => {
                let since = *self.waiting_since.get_or_insert_with(Instant::now);
                let left = self.limits.body_timeout.saturating_sub(self.waited);
                Some(since + self.limits.pause.min(left))
            }
            Phase::Answer => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn patience() -> Patience {
        let limits = Limits {
            idle: 75 * SECOND,
            head_timeout: 10 * SECOND,
            pause: 5 * SECOND,
            body_timeout: 12 * SECOND,
            ..Limits::default()
        };
        Patience::new(limits)
    }

    async fn is_at_an_end(patience: &mut Patience, phase: Phase) -> bool {
        poll_fn(|cx| Poll::Ready(patience.poll_end(phase, cx).is_ready())).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_may_take_so_long_however_it_trickles() {
        let mut patience = patience();
        assert_eq!(patience.received(Phase::Waiting, 1), Some(Phase::Head));
        for _ in 0..9 {
            advance(SECOND).await;
            assert!(!is_at_an_end(&mut patience, Phase::Head).await);
            assert_eq!(patience.received(Phase::Head, 1), None);
        }
        assert!(!is_at_an_end(&mut patience, Phase::Head).await);
        advance(SECOND).await;
        assert!(is_at_an_end(&mut patience, Phase::Head).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_pause_and_may_not_trickle_for_ever() {
        let mut patience = patience();
        patience.received(Phase::Waiting, 1);
        // Time in which nobody asked for bytes is not the client's.
        advance(100 * SECOND).await;
        for _ in 0..2 {
            assert!(!is_at_an_end(&mut patience, Phase::Body).await);
            advance(4 * SECOND).await;
            assert!(!is_at_an_end(&mut patience, Phase::Body).await);
            patience.received(Phase::Body, 1);
            advance(100 * SECOND).await;
        }
        // 8 s were waited; 4 are left of 12, which is less than a pause.
        assert!(!is_at_an_end(&mut patience, Phase::Body).await);
        advance(4 * SECOND).await;
        assert!(is_at_an_end(&mut patience, Phase::Body).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_take_for_ever() {
        let mut patience = patience();
        patience.received(Phase::Waiting, 1);
        assert!(!is_at_an_end(&mut patience, Phase::Answer).await);
        advance(1_000_000 * SECOND).await;
        assert!(!is_at_an_end(&mut patience, Phase::Answer).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_idle_for_so_long() {
        let mut patience = patience();
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        advance(75 * SECOND).await;
        assert!(is_at_an_end(&mut patience, Phase::Waiting).await);
    }
}
