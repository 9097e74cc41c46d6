//! The loop that polls a project.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::api::{Api, Choice};
use super::client::{self, Told};
use super::cursor::Cursor;
use super::facts::Facts;
use super::overflow::Names;
use super::pace::Pace;
use super::project::Project;
use super::query::Question;
use super::reading::{Answers, Reading, Then};
use super::rows::generations;
use super::state::LangfuseState;
use super::trouble::Trouble;
use super::window::Window;
use crate::fetch::Server;
use crate::source::{SourceKind, Sources};

/// Most windows that are sealed in one look: catching up is no reason to storm a server.
const MOST_PER_LOOK: u32 = 12;
/// Most APIs that are tried for one question.
const MOST_TRIES: u32 = 6;

/// Polls a project until it is dropped.
#[derive(Debug)]
pub struct Poller {
    state: Arc<Mutex<Arc<LangfuseState>>>,
    task: JoinHandle<()>,
}

/// What went wrong, and with which question if it was one.
struct Setback {
    trouble: Trouble,
    question: Option<Question>,
}

struct Polling {
    project: Project,
    sources: Arc<Sources>,
    published: Arc<Mutex<Arc<LangfuseState>>>,
    state: LangfuseState,
    server: Option<Server>,
    choice: Choice,
    cursor: Cursor,
    /// A window that is not sealed yet, with what was answered.
    reading: Option<Reading>,
    /// Whether the window before the first that is counted needs no more looking at.
    has_looked_back: bool,
    names: Names,
}

impl Poller {
    /// Begins to poll, on the runtime that it is called on.
    pub fn start(project: Project, sources: Arc<Sources>) -> Self {
        let state = Arc::default();
        let polling = Polling::new(project, sources, Arc::clone(&state));
        Self { state, task: tokio::spawn(polling.run()) }
    }

    /// What is known.
    pub fn state(&self) -> Arc<LangfuseState> {
        Arc::clone(&self.state.lock())
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl From<Trouble> for Setback {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, question: None }
    }
}

impl Setback {
    /// Whether the project can't be read, rather than a part of what it knows.
    fn is_of_project(&self) -> bool {
        let is_minor = self.question.is_some_and(|question| question != Question::Generations);
        !(is_minor && self.trouble.is_of_question())
    }
}

impl Polling {
    fn new(
        project: Project,
        sources: Arc<Sources>,
        published: Arc<Mutex<Arc<LangfuseState>>>,
    ) -> Self {
        Self {
            cursor: Cursor::new(project.schedule, SystemTime::now()),
            project,
            sources,
            published,
            state: LangfuseState::default(),
            server: None,
            choice: Choice::START,
            reading: None,
            has_looked_back: false,
            names: Names::default(),
        }
    }

    async fn run(mut self) {
        let mut pace = Pace::new(self.project.interval);
        loop {
            let begun = Instant::now();
            let result = self.look().await;
            self.state.took = Some(begun.elapsed());
            self.state.behind = self.cursor.behind(SystemTime::now());
            let wait = match result {
                Ok(()) => {
                    self.up();
                    pace.well()
                }
                Err(setback) => {
                    self.set_back(&setback);
                    pace.failed(setback.trouble.wait())
                }
            };
            self.publish();
            tokio::time::sleep(wait).await;
        }
    }

    /// One look: is the server there, and what is due?
    async fn look(&mut self) -> Result<(), Setback> {
        let server = self.server()?;
        self.met(client::version(&server).await?);
        if self.cursor.come_back(SystemTime::now()) {
            let project = self.project.name.as_str();
            warn!(project, "The clock was ahead: windows begin anew.");
            (self.reading, self.has_looked_back) = (None, false);
        }
        self.skip_too_old();
        let now = SystemTime::now();
        if !self.has_looked_back && self.cursor.due(now).is_none() {
            self.look_back(&server).await?;
        }
        for _ in 0..MOST_PER_LOOK {
            let Some(window) = self.cursor.due(now) else { break };
            self.seal(&server, window).await?;
        }
        if self.cursor.due(now).is_none() {
            while let Some(window) = self.cursor.due_early(now) {
                self.read_early(&server, window, now).await?;
            }
        }
        Ok(())
    }

    fn server(&mut self) -> Result<Server, Trouble> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        let server = Server::new(self.project.reach.clone())?;
        Ok(self.server.insert(server).clone())
    }

    /// Another version may have another API.
    fn met(&mut self, version: Option<String>) {
        if version != self.state.version {
            self.choice = Choice::START;
            self.state.version = version;
        }
    }

    fn skip_too_old(&mut self) {
        let skipped = self.cursor.skip_too_old(SystemTime::now());
        if skipped > 0 {
            self.state.counts.too_old += skipped;
            let project = self.project.name.as_str();
            warn!(
                project,
                skipped, "LangFuse could not be read for too long: windows are left out."
            );
        }
    }

    /// Shows the window before the first that will be counted, so that there is something to see at once.
    async fn look_back(&mut self, server: &Server) -> Result<(), Setback> {
        let Some(window) = self.cursor.before() else { return Ok(()) };
        let (answers, setback) = self.read(server, window).await?;
        self.has_looked_back = true;
        if let Some(setback) = setback {
            return Err(setback);
        }
        let facts = Facts::new(window, answers, &mut self.names);
        self.state.totals.begin(&facts);
        self.show(facts);
        Ok(())
    }

    /// Reads a window for the last time, and counts it.
    async fn seal(&mut self, server: &Server, window: Window) -> Result<(), Setback> {
        let (mut answers, setback) = self.read(server, window).await?;
        let early = self.cursor.pass(window);
        match (&answers.generations, early) {
            (Some(table), Some((first, _))) => {
                let late = generations(table).saturating_sub(first);
                self.state.counts.late_generations += late;
            }
            (None, Some((_, latest))) => answers.generations = Some(latest),
            (_, None) => {}
        }
        if answers.generations.is_none() {
            self.state.counts.unreadable += 1;
            let project = self.project.name.as_str();
            warn!(project, "LangFuse's answers about a window can't be read: it is left out.");
            return setback.map_or(Ok(()), Err);
        }
        let facts = Facts::new(window, answers, &mut self.names);
        self.state.totals.add(&facts);
        self.state.counts.sealed += 1;
        self.has_looked_back = true;
        self.show(facts);
        setback.map_or(Ok(()), Err)
    }

    /// Reads what is still to be read of a window. It is complete, or there is an error and it is kept. With
    /// what is complete there may be a setback, because of which generations are missing for good.
    async fn read(
        &mut self,
        server: &Server,
        window: Window,
    ) -> Result<(Answers, Option<Setback>), Setback> {
        let kept = self.reading.take().filter(|reading| reading.window == window);
        let mut reading = kept.unwrap_or_else(|| Reading::new(window, &self.project.scope));
        let mut setback = None;
        for question in reading.open() {
            let trouble = match self.ask(server, question, window).await {
                Ok(told) => {
                    reading.answered(question, told);
                    continue;
                }
                Err(trouble) => trouble,
            };
            *self.state.counts.failures.entry((question, trouble.reason())).or_default() += 1;
            let then = reading.failed(question, &trouble);
            if then == Then::GivenUp {
                self.given_up(question, &trouble);
            }
            let is_told = then != Then::GivenUp || question == Question::Generations;
            if is_told && setback.is_none() {
                setback = Some(Setback { trouble, question: Some(question) });
            }
            if then == Then::Stop {
                break;
            }
        }
        if reading.is_complete() {
            return Ok((reading.answers, setback));
        }
        self.reading = Some(reading);
        Err(setback.unwrap_or_else(|| Trouble::NoApi.into()))
    }

    /// Reads a window that can't be sealed yet.
    async fn read_early(
        &mut self,
        server: &Server,
        window: Window,
        now: SystemTime,
    ) -> Result<(), Setback> {
        let question = Question::Generations;
        match self.ask(server, question, window).await {
            Ok(Some(Told::Generations(table) | Told::Daily(table, _))) => {
                self.cursor.read_early(window, table, now);
                Ok(())
            }
            Ok(_) => Err(Trouble::NoApi.into()),
            Err(trouble) => {
                *self.state.counts.failures.entry((question, trouble.reason())).or_default() += 1;
                Err(Setback { trouble, question: Some(question) })
            }
        }
    }

    /// Asks by the newest API that is there.
    async fn ask(
        &mut self,
        server: &Server,
        question: Question,
        window: Window,
    ) -> Result<Option<Told>, Trouble> {
        if question == Question::Generations {
            self.choice = self.choice.anew();
        }
        for _ in 0..MOST_TRIES {
            let choice = self.choice;
            let asked = client::ask(server, choice.api, question, window, &self.project.scope);
            let told = asked.await;
            self.state.counts.queries += u64::from(!matches!(told, Ok(None)));
            let next = match &told {
                Ok(Some(_)) => {
                    self.answers(choice.api);
                    return told;
                }
                Ok(None) => return told,
                Err(Trouble::Absent(_)) => choice.absent(),
                Err(Trouble::Status(_, 400)) if question == Question::Generations => {
                    choice.refused().or(Some(choice))
                }
                Err(_) => Some(choice),
            };
            match next {
                Some(next) if next != choice => self.choice = next,
                Some(_) => {
                    if !choice.is_known {
                        self.choice = Choice::START;
                    }
                    return told;
                }
                None => break,
            }
        }
        self.choice = Choice::START;
        self.state.api = None;
        Err(Trouble::NoApi)
    }

    fn answers(&mut self, api: Api) {
        self.choice = self.choice.answered();
        if self.state.api != Some(api) {
            self.state.api = Some(api);
            let project = self.project.name.as_str();
            let version = self.state.version.as_deref().unwrap_or("unknown");
            info!(project, version, path = api.path(), "LangFuse answers queries for metrics.");
        }
    }

    fn given_up(&self, question: Question, trouble: &Trouble) {
        let (project, query) = (self.project.name.as_str(), question.as_str());
        warn!(project, query, error = %trouble, "A question about a window is given up.");
    }

    fn show(&mut self, facts: Facts) {
        self.state.facts = Some(facts);
        self.state.counts.overflow = self.names.overflow();
        self.up();
        self.publish();
    }

    fn up(&mut self) {
        let now = SystemTime::now();
        self.state.is_up = Some(true);
        self.state.last_success = Some(now);
        self.sources.up(SourceKind::Langfuse, &self.project.name, now);
    }

    fn set_back(&mut self, setback: &Setback) {
        if setback.is_of_project() {
            self.state.is_up = Some(false);
            self.sources.down(SourceKind::Langfuse, &self.project.name, &setback.trouble);
        } else {
            self.up();
        }
    }

    fn publish(&self) {
        *self.published.lock() = Arc::new(self.state.clone());
    }
}
