//! FAULTS.md is what the tables of the tests say; `UPDATE=1` writes it anew.

mod words;

use std::fs;

use weir_sim::DeadPort;

use crate::leaving::stages::STAGES;
use crate::rig::{Api, ProxyGuard, ask, config, engine, route};
use crate::table::{Seen, TABLE};
use crate::{pooled, stalls, unreachable};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../FAULTS.md");

const HEAD: &str = "\
# Faults

What a client sees when an upstream fails, which `outcome` it is, and what comes of clients that leave. Written from the tables that
the tests in `proxy/tests/faults` play at every endpoint, streamed and not, by
`UPDATE=1 cargo test -p weir-proxy --test faults document`.

*As direct*: status, headers and bytes are the upstream's, as far as they came, and the connection ends as it would have.
*Weir*: an answer of Weir's own, a JSON error in the shape of the endpoint, marked by the header `x-weir-error`.

## The upstream answers, or breaks off

Each is compared with the same request sent past Weir. Nothing here is sent to the upstream twice
(`weir_upstream_retries_total` stays 0). Sound that is streamed holds neither errors nor an end: there a body that ends early is a
`success`.

| the upstream … | streamed | not streamed |
|---|---|---|
";

const UNREACHABLE: &str = "
## The upstream can't be reached

Nothing was sent, so a refused connection may be tried once more. The time is bounded by `connect_timeout`.

| the upstream … | the client sees, and the outcome | tried again |
|---|---|---|
";

const STALLED: &str = "
## The upstream stops without a word

There is no limit on how long an answer takes: Weir waits, as the client would without it, and the client has all that came. Which
outcome it is shows when the client leaves; the upstream is told then, and saw the request once.

| the upstream stops … | streamed | not streamed |
|---|---|---|
";

const POOLED: &str = "
## A pooled connection ends at the worst moment

Whether it is closed or reset.

| it ends … | the client sees, and the outcome | the upstream saw the request | `weir_upstream_retries_total` |
|---|---|---|---|
";

const LEAVING: &str = "
## The client leaves

Whether it closes the connection, resets it, or shuts its sending side (FIN), as it has left then, too, unless the route says
`half_close = \"allow\"`: then it is answered, and it has left when nothing can be written to it. The upstream's connection is closed
at once: on an idle machine after a few milliseconds. Abandoned tokens are those of `llm_abandoned_tokens_total`.

| the client leaves … | outcome | abandoned tokens |
|---|---|---|
";

const BODIES: &str = "
## Errors of Weir's own

As clients of each endpoint read them; here of an upstream that refuses the connection:
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_what_the_tables_say() {
    let found = [
        HEAD.to_owned() + &faults(),
        UNREACHABLE.to_owned() + &unreachable_rows(),
        STALLED.to_owned() + &stalled(),
        POOLED.to_owned() + &pooled_rows(),
        LEAVING.to_owned() + &leaving(),
        BODIES.to_owned() + &bodies().await,
    ]
    .concat();
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(FILE, &found).unwrap();
    }
    let written = fs::read_to_string(FILE).unwrap();
    assert_eq!(written, found, "run `UPDATE=1 cargo test -p weir-proxy --test faults document`");
}

fn shown(seen: &Seen) -> String {
    match seen {
        Seen::Same(outcome) => format!("as direct, `{outcome}`"),
        Seen::Own(outcome, status, reason) => format!("Weir: {status} `{reason}`, `{outcome}`"),
    }
}

/// How often something is done.
fn times(count: u64) -> &'static str {
    match count {
        0 => "never",
        1 => "once",
        2 => "twice",
        _ => panic!("{count} times"),
    }
}

fn faults() -> String {
    let row = |(plan, streamed, whole): &(&str, Seen, Seen)| {
        format!("| {} | {} | {} |\n", words::words(plan), shown(streamed), shown(whole))
    };
    TABLE.iter().map(row).collect()
}

fn unreachable_rows() -> String {
    let row = |(_, words, seen, retries): &(_, &str, Seen, u64)| {
        format!("| {words} | {} | {} |\n", shown(seen), times(*retries))
    };
    unreachable::TABLE.iter().map(row).collect()
}

fn stalled() -> String {
    let row = |(_, words, streamed, whole): &(&str, &str, &str, &str)| {
        format!("| {words} | as direct, `{streamed}` | as direct, `{whole}` |\n")
    };
    stalls::TABLE.iter().map(row).collect()
}

fn pooled_rows() -> String {
    let row = |(_, words, seen, sent, retries): &(_, &str, Seen, usize, u64)| {
        format!("| {words} | {} | {} | {retries} |\n", shown(seen), times(*sent as u64))
    };
    pooled::TABLE.iter().map(row).collect()
}

fn leaving() -> String {
    let row = |stage: &&crate::leaving::stages::Stage| {
        let abandoned = match stage.abandoned {
            Some(source) => format!("all that came, `{source}`"),
            None => "none".to_owned(),
        };
        format!("| {} | `{}` | {abandoned} |\n", stage.words, stage.outcome)
    };
    STAGES.iter().map(row).collect()
}

/// The body of a real error, once for the endpoints that share it.
async fn bodies() -> String {
    let nobody = DeadPort::new().unwrap();
    let proxy = ProxyGuard::start(&config([engine([route("default", &nobody.url())])]));
    let mut shapes: Vec<(String, Vec<&str>)> = Vec::new();
    for api in Api::ALL {
        let body = ask(proxy.engine(), &api.request(false)).await.text().to_owned();
        let place = shapes.iter().position(|(known, _)| *known == body);
        let place = place.unwrap_or_else(|| {
            shapes.push((body, Vec::new()));
            shapes.len() - 1
        });
        let paths = &mut shapes[place].1;
        paths.push(api.path());
    }
    let shown = |(body, paths): &(String, Vec<&str>)| {
        let paths: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
        format!("\n{}:\n\n```json\n{body}\n```\n", paths.join(", "))
    };
    shapes.iter().map(shown).collect()
}
