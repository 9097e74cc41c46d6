//! FAULTS.md is what the table of faults says; `UPDATE=1` writes it anew.

use std::fs;

use crate::table::{Seen, TABLE};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../FAULTS.md");

const HEAD: &str = "\
# Faults

What a client sees when an upstream fails, and which `outcome` it is. Written from the table that the tests play
(`proxy/tests/faults/table.rs`: every fault, at every endpoint, each compared with the same request sent past Weir) by
`UPDATE=1 cargo test -p weir-proxy --test faults document`.

*As direct*: status, headers and bytes are the upstream's, as far as they came, and the connection ends as it would have.
*Weir*: an answer of Weir's own, a JSON error in the shape of the endpoint, marked by the header `x-weir-error`.
Nothing in this table is sent to the upstream twice. Sound that is streamed holds neither errors nor an end: there a body that
ends early is a `success`.

| the upstream … | streamed | not streamed |
|---|---|---|
";

#[test]
fn the_document_is_what_the_table_says() {
    let rows = TABLE.iter().map(|(plan, streamed, whole)| {
        format!("| {} | {} | {} |\n", words(plan), shown(streamed), shown(whole))
    });
    let found: String = std::iter::once(HEAD.to_owned()).chain(rows).collect();
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

/// A plan in words.
fn words(plan: &str) -> String {
    let (chunked, plan) = match plan.strip_prefix("chunked=true,") {
        Some(rest) => (", its body being chunked", rest),
        None => ("", plan),
    };
    let mut parts = plan.strip_prefix("fault=").unwrap_or(plan).split(':');
    let fault = parts.next().unwrap_or_default();
    let (first, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
    let after = || match first {
        "0" => "before the first token".to_owned(),
        "99" => "before the finish".to_owned(),
        count => format!("after {count} tokens"),
    };
    let text = match fault {
        "tokens=6" => "answers well".to_owned(),
        "slow_head" => format!("takes {first} to begin its answer"),
        "close_keep_alive" => "closes the connection behind a good answer unannounced".to_owned(),
        "huge_event" => format!("sends an event of {first} bytes"),
        "status" => match rest.first() {
            None => format!("answers {first}"),
            Some(&"empty") => format!("answers {first} without a body"),
            Some(body) => format!("answers {first} with {body}"),
        },
        "context_length" => "refuses a prompt that is too long".to_owned(),
        "reset_before_head" => "resets the connection before it answers".to_owned(),
        "close_before_head" => "closes the connection before it answers".to_owned(),
        "nonsense" => "answers with what is no HTTP".to_owned(),
        "oversized_head" => "answers with a header of 2 MiB".to_owned(),
        "reset_after_head" => "resets the connection behind the head".to_owned(),
        "reset_mid_event" => format!("resets the connection amid an event, {}", after()),
        "close_mid_stream" => format!("closes the connection {}", after()),
        "end_without_finish" => format!("ends its answer {}, without a finish", after()),
        "in_band_error" => {
            let how =
                if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
            format!("says {} that it failed{how}; not streamed, answers 500", after())
        }
        other => panic!("{other}: say in words what the upstream does"),
    };
    text + chunked
}
