//! One connection to a runtime, for as long as it lasts.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, MissedTickBehavior};

use super::asked::{Asked, Images, ask};
use super::outlet::Outlet;
use super::runtime::{Action, Runtime, RuntimeError, RuntimeEvent};
use super::schedule::Schedule;

/// Questions that are asked side by side.
const AT_ONCE: usize = 8;
/// More containers than these are left out.
const MOST_CONTAINERS: usize = 1000;

type Listing = BoxFuture<'static, Result<Vec<String>, RuntimeError>>;

struct Session<'a, R> {
    runtime: Arc<R>,
    outlet: &'a mut Outlet,
    images: Images,
    schedule: Schedule,
    asked: FuturesUnordered<BoxFuture<'static, Asked>>,
    /// A full list that is being read.
    listing: Option<Listing>,
    /// Containers of which an event came while a list was being read: it may not have them yet.
    fresh: BTreeSet<String>,
    /// Containers of a list about which nothing was said yet.
    awaited: Option<BTreeSet<String>>,
    last_failure: Option<RuntimeError>,
}

/// Follows a runtime until that is not possible any more, and says why.
pub(super) async fn follow<R: Runtime>(
    runtime: Arc<R>,
    resync: Duration,
    outlet: &mut Outlet,
) -> RuntimeError {
    let mut events = runtime.events(outlet.since());
    let mut ticks = tokio::time::interval(resync);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut session = Session::new(runtime, outlet);
    loop {
        session.ask();
        let (next, pass_on) = (session.next_question(), session.outlet.due());
        let over = tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => session.happened(&event),
                Some(Err(error)) => Err(error),
                None => Err(RuntimeError::Ended),
            },
            _ = ticks.tick() => session.list(),
            list = read(&mut session.listing) => session.listed(list),
            Some(asked) = session.asked.next() => session.answered(asked),
            () = at(next) => Ok(()),
            () = at(pass_on) => {
                session.outlet.pass_on();
                Ok(())
            }
        };
        if let Err(error) = over {
            return error;
        }
    }
}

impl<'a, R: Runtime> Session<'a, R> {
    fn new(runtime: Arc<R>, outlet: &'a mut Outlet) -> Self {
        Self {
            runtime,
            outlet,
            images: Images::default(),
            schedule: Schedule::default(),
            asked: FuturesUnordered::new(),
            listing: None,
            fresh: BTreeSet::new(),
            awaited: None,
            last_failure: None,
        }
    }

    /// Asks what is due.
    fn ask(&mut self) {
        let now = Instant::now();
        while self.asked.len() < AT_ONCE {
            let Some(id) = self.schedule.next(now) else { return };
            let (runtime, images) = (Arc::clone(&self.runtime), self.images.clone());
            self.asked.push(Box::pin(ask(runtime, images, id)));
        }
    }

    fn next_question(&self) -> Option<Instant> {
        if self.asked.len() < AT_ONCE { self.schedule.next_due() } else { None }
    }

    /// Begins to read a full list.
    fn list(&mut self) -> Result<(), RuntimeError> {
        if self.listing.is_none() {
            self.fresh.clear();
            let runtime = Arc::clone(&self.runtime);
            self.listing = Some(Box::pin(async move { runtime.list().await }));
        }
        Ok(())
    }

    /// A full list was read.
    fn listed(&mut self, list: Result<Vec<String>, RuntimeError>) -> Result<(), RuntimeError> {
        let mut list = list?;
        self.outlet.leave_out(list.len().saturating_sub(MOST_CONTAINERS), MOST_CONTAINERS);
        list.truncate(MOST_CONTAINERS);
        let list: BTreeSet<String> = list.into_iter().collect();
        let known = self.outlet.known.seen.by_id.keys().chain(self.schedule.ids());
        let is_gone = |id: &&String| !list.contains(*id) && !self.fresh.contains(*id);
        for id in known.filter(is_gone).cloned().collect::<Vec<_>>() {
            self.remove(&id);
        }
        let now = Instant::now();
        for id in &list {
            self.schedule.listed(id, now);
        }
        self.awaited = Some(list);
        self.settle()
    }

    /// Something happened.
    fn happened(&mut self, event: &RuntimeEvent) -> Result<(), RuntimeError> {
        self.outlet.last_event = event.at.or(self.outlet.last_event);
        let id = &event.container;
        let has_room = self.schedule.len() < MOST_CONTAINERS || self.schedule.knows(id);
        match event.action {
            Action::Other => {}
            Action::Destroy => {
                self.remove(id);
                return self.settle();
            }
            _ if !has_room => {}
            action => {
                if self.listing.is_some() {
                    self.fresh.insert(id.clone());
                }
                self.schedule.happened(id, Instant::now());
                if action == Action::Oom {
                    self.outlet.known.killed(id, event.at.unwrap_or_else(SystemTime::now));
                    self.outlet.changed();
                }
            }
        }
        Ok(())
    }

    /// A question was answered, or not.
    fn answered(&mut self, asked: Asked) -> Result<(), RuntimeError> {
        let id = asked.id;
        self.schedule.done(&id);
        if let Some(awaited) = &mut self.awaited {
            awaited.remove(&id);
        }
        match asked.answer {
            // What is answered after its end is out of date.
            Ok(_) if !self.schedule.knows(&id) => {}
            Ok(container) => {
                self.schedule.answered(&id);
                self.outlet.known.put(container);
                self.outlet.changed();
                self.outlet.up();
            }
            Err(RuntimeError::Gone { .. }) => self.remove(&id),
            Err(error) => {
                self.schedule.failed(&id, Instant::now());
                self.last_failure = Some(error);
            }
        }
        self.settle()
    }

    /// Notes whether all of the list has been asked about.
    fn settle(&mut self) -> Result<(), RuntimeError> {
        let (failing, all) = (self.schedule.failing(), self.schedule.len());
        if self.awaited.take_if(|awaited| awaited.is_empty()).is_some() {
            if let Some(error) = self.last_failure.take_if(|_| failing > 0 && failing == all) {
                return Err(error);
            }
            self.outlet.known.list_is_complete();
            self.outlet.changed();
            self.outlet.up();
        }
        if self.outlet.known.seen.listed {
            self.outlet.some_fail(failing, all, self.last_failure.as_ref());
        }
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        self.schedule.forget(id);
        self.outlet.known.remove(id);
        self.outlet.changed();
        if let Some(awaited) = &mut self.awaited {
            awaited.remove(id);
        }
    }
}

/// The list that is being read; never, where none is.
async fn read(listing: &mut Option<Listing>) -> Result<Vec<String>, RuntimeError> {
    let list = match listing {
        Some(listing) => Pin::new(listing).await,
        None => std::future::pending().await,
    };
    *listing = None;
    list
}

/// Waits until a moment; forever, where there is none.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
