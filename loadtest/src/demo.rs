//! `weir-loadtest demo`: simulated engines, a gateway, the proxy in front of both, traffic, and a table
//! of what the proxy's metrics say. The wiring.

pub(crate) mod address;
pub(crate) mod child;
mod engines;
mod figures;
mod folder;
mod gateway;
mod head;
mod monitoring;
mod prometheus;
mod proxy;
mod quantity;
mod screen;
mod summary;
mod table;
mod traffic;
mod watch;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Client;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use weir_sim::Upstream;

use self::address::Addresses;
use self::child::{Child, ChildError};
pub(crate) use self::engines::ENGINES;
use self::figures::Figures;
use self::folder::Folder;
use self::gateway::{Gateway, GatewayError};
use self::monitoring::{Monitoring, MonitoringError};
use self::prometheus::Job;
use self::proxy::RouteLine;
use self::screen::Screen;
use self::traffic::Traffic;
use self::watch::{Watch, WatchError};
use crate::cli::DemoArgs;
use crate::http;
use crate::signals::Signals;

/// Why the demo could not be shown to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("waiting for signals")]
    Signals(#[source] io::Error),
    #[error("finding the proxy's program beside this one (name it with --proxy)")]
    Program(#[source] io::Error),
    #[error("starting a simulated engine")]
    Engine(#[source] io::Error),
    #[error("starting the gateway")]
    Gateway(#[from] GatewayError),
    #[error("finding free ports")]
    Addresses(#[source] io::Error),
    #[error("writing the configurations")]
    Config(#[source] io::Error),
    #[error("making an HTTP client")]
    Client(#[from] reqwest::Error),
    #[error(
        "there is no program {}: build it with `cargo build -p weir-proxy`, or name it with --proxy",
        .0.display()
    )]
    NoProxy(PathBuf),
    #[error(transparent)]
    Proxy(#[from] ChildError),
    #[error(transparent)]
    Monitoring(#[from] MonitoringError),
    #[error(transparent)]
    Watch(#[from] WatchError),
    #[error("writing the table")]
    Output(#[source] io::Error),
    #[error("a second signal came before everything had ended: the proxy was killed")]
    Impatience,
    #[error("the proxy's ledger does not add up, which is a bug in Weir: please report it")]
    Ledger,
}

impl DemoError {
    /// The arguments were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::NoProxy(_) | Self::Monitoring(_))
    }
}

/// Shows the demo until it is told to end.
pub(crate) async fn run(args: &DemoArgs) -> Result<(), DemoError> {
    let mut signals = Signals::new().map_err(DemoError::Signals)?;
    let mut stage = tokio::select! {
        stage = Stage::set(args) => stage?,
        () = signals.next() => return Ok(()),
    };
    let mut screen = Screen::new(args.json).map_err(DemoError::Output)?;
    let played = stage.play(&mut screen, &mut signals, args.length).await;
    let figures = tokio::select! {
        figures = stage.clear(&mut screen, played) => figures?,
        () = signals.next() => return Err(DemoError::Impatience),
    };
    if args.json {
        writeln!(io::stdout(), "{}", summary::json(&figures)).map_err(DemoError::Output)?;
    }
    if figures.ledger_adds_up() { Ok(()) } else { Err(DemoError::Ledger) }
}

/// Everything that runs. Dropping it ends it the hard way.
struct Stage {
    engines: Vec<Upstream>,
    _gateway: Gateway,
    addresses: Addresses,
    proxy: Child,
    monitoring: Monitoring,
    /// What went wrong beside the proxy since the start.
    notes: Vec<String>,
    client: Client,
    watch: Watch,
    /// Of the programs above; dropped after them.
    _folder: Folder,
}

impl Stage {
    async fn set(args: &DemoArgs) -> Result<Self, DemoError> {
        let client = http::client().build()?;
        let mut engines = Vec::new();
        for spec in &ENGINES {
            engines.push(spec.start().await.map_err(DemoError::Engine)?);
        }
        let urls: Vec<_> = engines.iter().map(Upstream::url).collect();
        let routes: Vec<_> = ENGINES
            .iter()
            .zip(&urls)
            .map(|(spec, upstream)| RouteLine { name: spec.route, upstream, model: spec.model })
            .collect();
        let program = proxy::program(args.proxy.as_deref()).map_err(DemoError::Program)?;
        let addresses = Addresses::choose().map_err(DemoError::Addresses)?;
        let onward = format!("http://{}", addresses.engine);
        let gateway = Gateway::start(onward, &ENGINES.each_ref().map(|spec| spec.model)).await?;
        let folder = Folder::new().map_err(DemoError::Config)?;
        let config = folder.write("weir.toml", &proxy::config(addresses, gateway.url(), &routes));
        let mut proxy = match proxy::start(&program, &config.map_err(DemoError::Config)?) {
            Err(ChildError::NotFound { path, .. }) => return Err(DemoError::NoProxy(path)),
            started => started?,
        };
        let admin = format!("http://{}", addresses.admin);
        proxy.ready(&client, &format!("{admin}/ready")).await?;
        let jobs: Vec<Job> = vec![
            ("weir-proxy", vec![addresses.admin.to_string()]),
            ("vllm", engines.iter().map(|engine| engine.addr().to_string()).collect()),
        ];
        let monitoring = Monitoring::start(args, &folder, jobs, &client).await?;
        let watch = Watch::start(client.clone(), format!("{admin}/metrics")).await?;
        Ok(Self {
            engines,
            _gateway: gateway,
            addresses,
            proxy,
            monitoring,
            notes: Vec::new(),
            client,
            watch,
            _folder: folder,
        })
    }

    /// Sends traffic and shows what the proxy says of it, until the time is up, a signal comes or
    /// the proxy dies.
    async fn play(
        &mut self,
        screen: &mut Screen,
        signals: &mut Signals,
        length: Option<Duration>,
    ) -> Result<(), DemoError> {
        screen
            .begin(head::lines(self.addresses, &self.engines, &self.monitoring))
            .await
            .map_err(DemoError::Output)?;
        // Not through the edge: what is there is the user's alone.
        let _traffic = Traffic::start(&self.client, &format!("http://{}", self.addresses.engine));
        let started = Instant::now();
        let time_is_up = async {
            match length {
                Some(length) => sleep_until(started + length).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(time_is_up);
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        seconds.tick().await;
        loop {
            tokio::select! {
                () = &mut time_is_up => return Ok(()),
                () = signals.next() => return Ok(()),
                died = self.proxy.died() => return Err(died.into()),
                note = self.monitoring.died() => self.notes.push(note),
                drawn = screen.resized() => drawn.map_err(DemoError::Output)?,
                _ = seconds.tick() => {
                    let stale = self.watch.take().await.err().map(|error| error.to_string());
                    if screen.is_due() {
                        self.draw(screen, stale.as_deref())?;
                    }
                }
            }
        }
    }

    fn draw(&self, screen: &mut Screen, stale: Option<&str>) -> Result<(), DemoError> {
        let mut lines =
            table::lines(&self.watch.window(), self.watch.age(), stale, screen.colours());
        lines.extend_from_slice(&self.notes);
        screen.show(&lines).map_err(DemoError::Output)
    }

    /// Ends everything, now that the clients have left; returns the figures of the whole run.
    async fn clear(
        mut self,
        screen: &mut Screen,
        played: Result<(), DemoError>,
    ) -> Result<Figures, DemoError> {
        let settled = match played {
            Ok(()) => self.watch.settle().await.map_err(DemoError::from),
            failed => failed,
        };
        let shown = settled.and_then(|()| self.draw(screen, None));
        let figures = self.watch.whole();
        let mut lines = self.monitoring.stop().await;
        lines.extend(summary::lines(&figures));
        if !self.proxy.stop().await? {
            lines.push("The proxy did not end when it was told to, and was killed.".to_owned());
        }
        for engine in self.engines {
            engine.stop().await;
        }
        shown?;
        screen.end(&lines).map_err(DemoError::Output)?;
        Ok(figures)
    }
}
