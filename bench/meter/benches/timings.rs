//! How long each piece of work takes. Machines differ: what is to be compared was measured in one run and is
//! listed side by side. Where one repetition does many (a burst, a scrape), how many a second is to be read.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use weir_bench_meter::works::{Begun, Work, answers, entries, events, requests, scrapes};

/// Tells what memory is asked for, too; it takes a little time itself, so not always.
#[cfg(feature = "allocations")]
#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(name = "requests", args = requests::all())]
fn request(bencher: Bencher<'_, '_>, work: &Work) {
    time(bencher, work);
}

#[divan::bench(name = "answers", args = answers::all())]
fn answer(bencher: Bencher<'_, '_>, work: &Work) {
    time(bencher, work);
}

#[divan::bench(name = "events", args = events::all())]
fn event(bencher: Bencher<'_, '_>, work: &Work) {
    time(bencher, work);
}

#[divan::bench(name = "entries", args = entries::all())]
fn entry(bencher: Bencher<'_, '_>, work: &Work) {
    time(bencher, work);
}

#[divan::bench(name = "scrapes", args = scrapes::all())]
fn scrape(bencher: Bencher<'_, '_>, work: &Work) {
    time(bencher, work);
}

fn time(bencher: Bencher<'_, '_>, work: &Work) {
    let Begun { units, bytes, once } = work.begin();
    match (units, bytes) {
        (1, 0) => bencher.bench_local(once),
        (1, bytes) => bencher.counter(BytesCount::new(bytes)).bench_local(once),
        (units, _) => bencher.counter(ItemsCount::new(units)).bench_local(once),
    }
}
