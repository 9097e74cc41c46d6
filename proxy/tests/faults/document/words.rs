//! Plans of the simulator in words.

/// What an upstream does that follows this plan.
pub(super) fn words(plan: &str) -> String {
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
        "close_after_head" => "closes the connection behind the head".to_owned(),
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
