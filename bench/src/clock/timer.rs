//! Waiting to the microsecond. Tokio's own timer counts in milliseconds: with 100 streams at 5 ms, 20 would be woken
//! at a time, and each would wait for those before it.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::task::{Poll, Waker};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::now;

/// All who wait in one thread, on one timer of the kernel.
pub(crate) struct Timer {
    kernel: AsyncFd<OwnedFd>,
    /// When the kernel's timer goes off; `MAX`: it does not.
    set_to: Cell<u64>,
    waiting: RefCell<BinaryHeap<Waiting>>,
}

impl Timer {
    /// In a local runtime, which it needs for a task of its own.
    pub(crate) fn start() -> io::Result<Rc<Self>> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let kernel = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(deprecated, reason = "for those that may not own what they are; an OwnedFd does")]
        let kernel = AsyncFd::with_interest(kernel, Interest::READABLE)?;
        let timer =
            Rc::new(Self { kernel, set_to: Cell::new(u64::MAX), waiting: RefCell::default() });
        tokio::task::spawn_local(Rc::clone(&timer).wake_all());
        Ok(timer)
    }

    /// Returns once `clock::now()` has reached `due`, at once if it has.
    pub(crate) async fn until(&self, due: u64) {
        poll_fn(|context| {
            if now() >= due {
                return Poll::Ready(());
            }
            // Polled early, it waits twice: that only wakes the task once more.
            self.waiting.borrow_mut().push(Waiting { due, waker: context.waker().clone() });
            self.set(due);
            Poll::Pending
        })
        .await;
    }

    /// For as long as the runtime lives.
    async fn wake_all(self: Rc<Self>) {
        while let Ok(mut gone_off) = self.kernel.readable().await {
            // What the kernel counted need not be read: setting the timer again takes it back.
            gone_off.clear_ready();
            self.set_to.set(u64::MAX);
            if let Some(next) = self.wake_due() {
                self.set(next);
            }
        }
    }

    /// Returns when the next one is due.
    fn wake_due(&self) -> Option<u64> {
        let mut waiting = self.waiting.borrow_mut();
        let now = now();
        while waiting.peek()?.due <= now {
            waiting.pop()?.waker.wake();
        }
        waiting.peek().map(|next| next.due)
    }

    /// Has the kernel's timer go off at `due`, unless it does so before.
    fn set(&self, due: u64) {
        if due >= self.set_to.replace(due.min(self.set_to.get())) {
            return;
        }
        let at = Timespec {
            tv_sec: (due / 1_000_000_000) as i64,
            tv_nsec: (due % 1_000_000_000) as i64,
        };
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Itimerspec { it_interval: once, it_value: at };
        // It fails only for a time that is none.
        let _infallible =
            timerfd_settime(self.kernel.get_ref(), TimerfdTimerFlags::ABSTIME, &value);
    }
}

/// A task, and when it is due. The earliest is the greatest, as the heap wants it.
struct Waiting {
    due: u64,
    waker: Waker,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Waiting {}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::runtime::{Builder, LocalOptions};
    use tokio::task::{JoinSet, yield_now};

    use super::Timer;
    use crate::clock::now;

    const STEP: u64 = 200_000;

    fn in_local_runtime(test: impl AsyncFnOnce()) {
        let mut builder = Builder::new_current_thread();
        builder.enable_all().build_local(LocalOptions::default()).unwrap().block_on(test());
    }

    #[test]
    fn all_are_woken_in_the_order_in_which_they_are_due_and_not_before() {
        in_local_runtime(async || {
            let timer = Timer::start().unwrap();
            let woken = Rc::new(RefCell::new(Vec::new()));
            let mut all = JoinSet::new();
            let start = now() + 50 * STEP;
            // The timer is set to an earlier time and, by the last ones, to a later one.
            for after in [30, 10, 20, 0, 40, 0, 50] {
                let (timer, woken) = (Rc::clone(&timer), Rc::clone(&woken));
                all.spawn_local(async move {
                    let due = start + after * STEP;
                    timer.until(due).await;
                    assert!(now() >= due, "woken before");
                    woken.borrow_mut().push(after);
                });
            }
            all.join_all().await;
            assert_eq!(*woken.borrow(), [0, 0, 10, 20, 30, 40, 50]);
        });
    }

    #[test]
    fn what_is_past_is_not_waited_for_and_what_was_left_does_no_harm() {
        in_local_runtime(async || {
            let timer = Timer::start().unwrap();
            timer.until(0).await;
            timer.until(now()).await;
            assert!(timer.waiting.borrow().is_empty());
            let left = {
                let timer = Rc::clone(&timer);
                tokio::task::spawn_local(async move { timer.until(now() + STEP).await })
            };
            yield_now().await;
            left.abort();
            for _again in 0..3 {
                timer.until(now() + 2 * STEP).await;
            }
            assert!(timer.waiting.borrow().is_empty());
        });
    }
}
