//! Everything at once for a while.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use weir_sim::{Plan, Scrape, Upstream};

use crate::dice::Dice;
use crate::files::file;
use crate::process::Weir;
use crate::report::Report;
use crate::rig::{assert_events_add_up, unsettled};
use crate::samples::{Samples, descriptors};
use crate::settings::Settings;
use crate::talk;
use crate::tally::Tally;
use crate::visitor::Visitor;
use crate::witness::Witness;

/// Between two scrapes.
const SCRAPE: Duration = Duration::from_millis(250);

/// Scrapes between two reloads.
const RELOAD: usize = 2;

/// The configuration; each reload moves the route to the other upstream, and changes a limit.
fn configuration(upstreams: &[Upstream; 2], reloads: usize) -> String {
    let url = upstreams[reloads % 2].url();
    let max_event = 4 + reloads % 3;
    format!(
        "[proxy]\nengine = \"127.0.0.1:0\"\nmax_event = \"{max_event}MiB\"\n\
         [[proxy.routes]]\nupstream = {url:?}\nmodels = [\"tiny\"]\npoll_models = \"1s\"\n"
    )
}

/// Writes the file as a whole: half of one could be read.
fn write(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

async fn upstream(witness: &Arc<Witness>) -> Upstream {
    let plan = Plan { prompt_tokens: Some(40), ..Plan::tokens(8) };
    let upstream = Upstream::builder().models([""; 0]).plan(plan).keep_requests(0);
    upstream.on_request(witness.observer()).start().await.unwrap()
}

/// The clients; they come until `end`.
fn crowd(
    runtime: &Runtime,
    settings: Settings,
    weir: &Weir,
    tally: &Arc<Tally>,
    witness: &Arc<Witness>,
    end: Instant,
) -> JoinSet<()> {
    let mut crowd = JoinSet::new();
    for number in 0..settings.clients as u64 {
        let dice = Dice::new(settings.seed, number);
        let mut visitor = Visitor::new(weir.address, dice, tally, witness);
        let visits = async move {
            while Instant::now() < end {
                visitor.visit().await;
            }
        };
        crowd.spawn_on(visits, runtime.handle());
    }
    crowd
}

/// Scrapes and reloads while the crowd is there; returns how often it was reloaded.
fn supervise(
    weir: &mut Weir,
    samples: &mut Samples,
    path: &Path,
    upstreams: &[Upstream; 2],
    end: Instant,
) -> usize {
    let mut reloads = 0;
    let mut scrapes = 0;
    while Instant::now() < end {
        samples.take();
        scrapes += 1;
        if scrapes % RELOAD == 0 {
            reloads += 1;
            write(path, &configuration(upstreams, reloads));
            weir.signal("HUP");
            weir.logged("The configuration was read again.");
        }
        std::thread::park_timeout(SCRAPE);
    }
    reloads
}

/// The scrape of the moment in which every request has ended.
fn settled(weir: &Weir) -> Scrape {
    talk::poll("every request has ended", || {
        let scrape = talk::settled(weir.admin);
        unsettled(&scrape).is_empty().then_some(scrape)
    })
}

#[test]
fn a_crowd_of_everything_leaves_nothing_behind() {
    let _alone = crate::alone();
    let settings = Settings::read();
    eprintln!("soak: {settings:?}");
    let runtime = crate::runtime();
    let (tally, witness) = (Arc::new(Tally::default()), Arc::new(Witness::default()));
    let upstreams =
        runtime.block_on(async { [upstream(&witness).await, upstream(&witness).await] });
    let path = file(&configuration(&upstreams, 0));
    let mut weir = Weir::with_file(&path);
    weir.has_logged("The upstream's models are known.");
    let mut samples = Samples::of(weir.admin);
    let first = samples.take();

    let began = Instant::now();
    let end = began + settings.time;
    let crowd = crowd(&runtime, settings, &weir, &tally, &witness, end);
    let reloads = supervise(&mut weir, &mut samples, &path, &upstreams, end);
    runtime.block_on(crowd.join_all());
    let took = began.elapsed();

    let last = settled(&weir);
    assert_events_add_up(&last);
    // The upstreams close what is idle for 5 s.
    let idle = talk::poll("every connection is closed", || {
        let scrape = talk::scrape(weir.admin);
        (descriptors(&scrape) <= descriptors(&first)).then_some(scrape)
    });
    let report = Report {
        took,
        reloads,
        tally: &tally,
        witness: &witness,
        samples: &samples,
        first: &first,
        last: &last,
        idle: &idle,
    };
    eprintln!("{report}");
    report.check();
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0), "its end");
}
