//! `weir-loadtest sim`: a simulated engine for people.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use weir_sim::Upstream;

use crate::cli::SimArgs;
use crate::signals::Signals;

/// Why the engine could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimError {
    #[error("listening on {address}, which --listen can change")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("waiting for signals")]
    Signals(#[source] io::Error),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

/// Serves until it is told to end.
pub(crate) async fn run(args: &SimArgs) -> Result<(), SimError> {
    let mut signals = Signals::new().map_err(SimError::Signals)?;
    let engine = args.engine.clone();
    let upstream = Upstream::builder()
        .engine(if args.speculative { engine.speculative() } else { engine })
        .models(args.models.clone())
        .plan(args.plan.clone())
        .bind(args.listen)
        // Nobody looks at them here.
        .keep_requests(1)
        .keep_bodies(0)
        .start()
        .await
        .map_err(|source| SimError::Listen { address: args.listen, source })?;
    let models = args.models.join(", ");
    let greeting = format!(
        "Simulated {} {} on {} serves {models}. Ctrl-C ends it.\n{}\n",
        upstream.engine().name(),
        upstream.engine().version(),
        upstream.url(),
        curl(&upstream.url(), args.models.first().map_or("tiny", String::as_str)),
    );
    io::stdout().write_all(greeting.as_bytes()).map_err(SimError::Stdout)?;
    signals.next().await;
    upstream.stop().await;
    Ok(())
}

/// A command that streams a chat, for a shell.
pub(crate) fn curl(base: &str, model: &str) -> String {
    let body = format!(
        r#"{{"model":{},"stream":true,"messages":[{{"role":"user","content":"Hello"}}]}}"#,
        serde_json::Value::from(model)
    );
    // A quote inside single quotes has to be closed, escaped and opened again.
    let body = body.replace('\'', r"'\''");
    format!(
        "curl -N {base}/v1/chat/completions -H 'content-type: application/json' \\\n  -d '{body}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_does_not_end_the_command() {
        assert!(curl("http://x", "it's").contains(r#""model":"it'\''s""#));
    }
}
