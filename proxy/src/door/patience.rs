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
    /// Since when the rest of a head is waited for, the first byte of which has come.
    head_since: Option<Instant>,
    /// How much of that head has come.
    head_bytes: usize,
    /// Since when a byte of a body is waited for.
    waiting_since: Option<Instant>,
    /// How long was waited for the body so far.
    waited: Duration,
    /// When it is at an end, while something is waited for.
    deadline: Option<Instant>,
    /// Never later than that. It is left as it is when something comes, and set anew when it goes off too early: to
    /// set it for each request would cost more.
    alarm: Option<Pin<Box<Sleep>>>,
    /// How often the answer was waited for since something came.
    answering: u8,
}

/// An answer that is waited for so often is a stream, which may take long: the alarm is let go, since every timer
/// makes each waiting of the runtime dearer.
const A_STREAM: u8 = 8;

impl Patience {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            head_since: None,
            head_bytes: 0,
            waiting_since: None,
            waited: Duration::ZERO,
            deadline: None,
            alarm: None,
            answering: 0,
        }
    }

    /// So many bytes have come. Returns the phase that they begin, if they begin one.
    pub(super) fn received(&mut self, phase: Phase, bytes: usize) -> Option<Phase> {
        self.deadline = None;
        self.answering = 0;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
        match phase {
            Phase::Waiting if bytes > 0 => {
                self.head_since = None;
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
        let Some(deadline) = self.deadline.or_else(|| self.end_of(phase)) else {
            self.answering = self.answering.saturating_add(1);
            if self.answering == A_STREAM {
                self.alarm = None;
            }
            return Poll::Pending;
        };
        self.deadline = Some(deadline);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// When what begins to be waited for now is to be there.
    fn end_of(&mut self, phase: Phase) -> Option<Instant> {
        match phase {
            Phase::Waiting => Some(Instant::now() + self.limits.idle),
            Phase::Head => {
                // Most heads come in one piece, so that the clock need not be read for them.
                let since = *self.head_since.get_or_insert_with(Instant::now);
                Some(since + self.limits.head_timeout)
            }
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
            // As a connection is read: what is not there yet is asked for before time passes.
            assert!(!is_at_an_end(&mut patience, Phase::Head).await);
            advance(SECOND).await;
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
    async fn each_wait_has_its_own_end() {
        let mut patience = patience();
        // Idle for 70 of 75 s, then a request, an answer, and idle once more.
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        advance(70 * SECOND).await;
        patience.received(Phase::Waiting, 1);
        assert!(!is_at_an_end(&mut patience, Phase::Answer).await);
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        advance(70 * SECOND).await;
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        // A head has less time than the idle connection had left.
        patience.received(Phase::Waiting, 1);
        assert!(!is_at_an_end(&mut patience, Phase::Head).await);
        advance(9 * SECOND).await;
        assert!(!is_at_an_end(&mut patience, Phase::Head).await);
        advance(SECOND).await;
        assert!(is_at_an_end(&mut patience, Phase::Head).await);
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_stream_a_connection_idles_as_long_as_behind_any_other_answer() {
        let mut patience = patience();
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        patience.received(Phase::Waiting, 1);
        for _ in 0..300 {
            assert!(!is_at_an_end(&mut patience, Phase::Answer).await);
        }
        assert!(patience.alarm.is_none(), "no timer waits while it streams");
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        advance(74 * SECOND).await;
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        advance(SECOND).await;
        assert!(is_at_an_end(&mut patience, Phase::Waiting).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_idle_for_so_long() {
        let mut patience = patience();
        assert!(!is_at_an_end(&mut patience, Phase::Waiting).await);
        advance(75 * SECOND).await;
        assert!(is_at_an_end(&mut patience, Phase::Waiting).await);
    }
}
