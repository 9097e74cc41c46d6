//! What a sample says. In seconds and bytes; `None` where it says nothing.

use crate::cells::Work;
use crate::contender::Contender;
use crate::results::{Quantiles, Sample};

/// So many values say something of their 99th percentile.
const ENOUGH: u64 = 100;

pub(crate) type Measure = fn(&Sample) -> Option<f64>;

/// Processor time per request or per event, whichever the work consists of. Without a proxy there is none.
pub(crate) fn cpu(work: &Work) -> Measure {
    match work {
        Work::Json { .. } => cpu_per_request,
        Work::Streams { .. } => cpu_per_event,
    }
}

pub(crate) fn cpu_per_request(sample: &Sample) -> Option<f64> {
    each(proxy_cpu(sample)?, sample.requests)
}

pub(crate) fn cpu_per_event(sample: &Sample) -> Option<f64> {
    each(proxy_cpu(sample)?, sample.events)
}

fn proxy_cpu(sample: &Sample) -> Option<f64> {
    (sample.contender != Contender::Direct).then_some(sample.cpu_seconds)
}

/// Cores that generator and upstream kept busy.
pub(crate) fn around(sample: &Sample) -> Option<f64> {
    per_second(sample, sample.generator_cpu_seconds + sample.upstream_cpu_seconds)
}

pub(crate) fn requests_per_second(sample: &Sample) -> Option<f64> {
    per_second(sample, sample.requests as f64)
}

/// 1 where every event came by itself, less where several came together.
pub(crate) fn reads_per_event(sample: &Sample) -> Option<f64> {
    each(sample.reads as f64, sample.events)
}

pub(crate) fn latency_p50(sample: &Sample) -> Option<f64> {
    Some(sample.latency?.p50)
}

pub(crate) fn latency_p99(sample: &Sample) -> Option<f64> {
    p99(sample.latency)
}

pub(crate) fn delay_p50(sample: &Sample) -> Option<f64> {
    Some(sample.delay?.p50)
}

pub(crate) fn delay_p99(sample: &Sample) -> Option<f64> {
    p99(sample.delay)
}

pub(crate) fn first_event_p50(sample: &Sample) -> Option<f64> {
    Some(sample.first_event?.p50)
}

/// Resident bytes that came with the streams, for each of so many.
pub(crate) fn memory_per_stream(streams: usize) -> impl Fn(&Sample) -> Option<f64> {
    move |sample| {
        let memory = sample.memory?;
        each(memory.open as f64 - memory.before as f64, streams as u64)
    }
}

pub(crate) fn memory_before(sample: &Sample) -> Option<f64> {
    Some(sample.memory?.before as f64)
}

pub(crate) fn memory_after(sample: &Sample) -> Option<f64> {
    Some(sample.memory?.after as f64)
}

fn p99(quantiles: Option<Quantiles>) -> Option<f64> {
    quantiles.filter(|quantiles| quantiles.count >= ENOUGH).map(|quantiles| quantiles.p99)
}

fn each(all: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| all / count as f64)
}

fn per_second(sample: &Sample, count: f64) -> Option<f64> {
    (sample.seconds > 0.0).then(|| count / sample.seconds)
}
