//! One contender's part of a round.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::stage::{Around, Failed, Flow as _, Proxy as _, Stage};
use crate::cells::{Cell, Work};
use crate::contender::Contender;
use crate::load::Counted;
use crate::results::{Memory, Quantiles, Sample};

/// How long it may take beyond what it should.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does the cell's work through a contender, and reads what it took.
pub(super) async fn take<S: Stage>(
    stage: &mut S,
    proxy: &S::Proxy,
    cell: &Cell,
    (contender, round): (Contender, u32),
) -> Result<Sample, Failed> {
    let limit = cell.length + PATIENCE;
    let taking = async {
        let before = proxy.resident_memory();
        let mut flow = stage.load(&cell.work, proxy).await?;
        let window = window(stage, proxy, &mut flow, cell.length).await;
        let open = proxy.resident_memory();
        flow.stop().await;
        let mut sample = window?.sample(cell, contender, round);
        if sample.requests == 0 && sample.events == 0 {
            return Err(Failed("nothing came back".to_owned()));
        }
        if cell.memory {
            stage.settle().await;
            let memory = Memory { before, open, after: proxy.resident_memory() };
            // Without a proxy there is none.
            sample.memory = (contender != Contender::Direct).then_some(memory);
        }
        Ok(sample)
    };
    let late = Failed(format!("it did not come to an end within {} s", limit.as_secs()));
    tokio::time::timeout(limit, taking).await.unwrap_or(Err(late))
}

/// What a window of time was.
struct Window {
    counted: Counted,
    cpu: Duration,
    around: Around,
}

async fn window<S: Stage>(
    stage: &S,
    proxy: &S::Proxy,
    flow: &mut S::Flow,
    length: Duration,
) -> Result<Window, Failed> {
    let (mark, cpu) = (stage.mark(), proxy.cpu());
    let counted = flow.window(length).await?;
    let cpu = proxy.cpu().saturating_sub(cpu);
    Ok(Window { counted, cpu, around: stage.since(&mark) })
}

impl Window {
    fn sample(self, cell: &Cell, contender: Contender, round: u32) -> Sample {
        let Self { counted, cpu, around } = self;
        let whole = matches!(cell.work, Work::Json { .. });
        Sample {
            cell: cell.name.clone(),
            contender,
            round,
            seconds: counted.elapsed.as_secs_f64(),
            requests: counted.requests,
            events: counted.events,
            reads: counted.reads,
            errors: counted.errors,
            last_error: counted.last_error,
            cpu_seconds: cpu.as_secs_f64(),
            generator_cpu_seconds: counted.generator_cpu.as_secs_f64(),
            upstream_cpu_seconds: around.upstream.as_secs_f64(),
            steal: around.steal,
            latency: quantiles(&counted.latency).filter(|_| whole),
            first_event: quantiles(&counted.first_event),
            delay: quantiles(&counted.delay),
            memory: None,
        }
    }
}

fn quantiles(nanoseconds: &Histogram<u64>) -> Option<Quantiles> {
    let seconds = |quantile| nanoseconds.value_at_quantile(quantile) as f64 / 1e9;
    (!nanoseconds.is_empty()).then(|| Quantiles {
        count: nanoseconds.len(),
        p50: seconds(0.5),
        p99: seconds(0.99),
    })
}
