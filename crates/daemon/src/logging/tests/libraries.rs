//! What libraries may say: pinned, because what they say can hold heads and bodies.

use super::{LogFormat, logged};

macro_rules! modules {
    ($($module:literal)+) => {
        const MODULES: &[&str] = &[$($module),+];

        /// Says something at each level as each module.
        fn speak() {
            $(
                tracing::error!(target: $module, "ERROR {}", $module);
                tracing::warn!(target: $module, "WARN {}", $module);
                tracing::info!(target: $module, "INFO {}", $module);
                tracing::debug!(target: $module, "DEBUG {}", $module);
                tracing::trace!(target: $module, "TRACE {}", $module);
            )+
        }
    };
}

modules! {
    "weir_proxy::filter::settle"
    "pingora_proxy"
    "pingora_proxy::proxy_h1"
    "pingora_core::apps::http_app"
    "pingora_core::services::listening"
    "pingora_core::protocols::http::v1::server"
    "pingora_core::protocols::http::v1::client"
    "pingora_core::protocols::http::v1::common"
    "pingora_core::connectors::tls"
    "pingora_pool::connection"
    "h2::codec::framed_read"
    "hyper::proto::h1::role"
    "reqwest::connect"
    "rustls::client::hs"
    "axum::serve"
}

/// The most talkative level of each module that is let through, as `h2 WARN`; `h2 OFF` is none.
fn let_through(variables: &[(&'static str, &str)]) -> Vec<String> {
    let log = logged(LogFormat::Pretty, variables, speak);
    let most_of = |module: &&str| {
        let of_module = |line: &&str| line.ends_with(&format!(" {module}"));
        let last = log.lines().rfind(of_module).map(|line| line.split(' ').rev().nth(1).unwrap());
        format!("{module} {}", last.unwrap_or("OFF"))
    };
    MODULES.iter().map(most_of).collect()
}

const LIBRARIES_BY_DEFAULT: [&str; 14] = [
    "pingora_proxy OFF",
    "pingora_proxy::proxy_h1 OFF",
    "pingora_core::apps::http_app OFF",
    "pingora_core::services::listening ERROR",
    "pingora_core::protocols::http::v1::server ERROR",
    "pingora_core::protocols::http::v1::client ERROR",
    "pingora_core::protocols::http::v1::common ERROR",
    "pingora_core::connectors::tls ERROR",
    "pingora_pool::connection ERROR",
    "h2::codec::framed_read WARN",
    "hyper::proto::h1::role WARN",
    "reqwest::connect WARN",
    "rustls::client::hs WARN",
    "axum::serve WARN",
];

#[test]
fn libraries_say_no_more_than_by_default_unless_they_are_named() {
    for (text, own) in [
        ("", "INFO"),
        ("trace", "TRACE"),
        ("TRACE", "TRACE"),
        ("5", "TRACE"),
        ("info,debug", "DEBUG"),
        ("weir_proxy", "TRACE"),
        ("weir=debug", "DEBUG"),
        ("[Connection]=trace", "INFO"),
        ("[{peer}]=trace,warn", "WARN"),
    ] {
        let seen = let_through(&[("WEIR_LOG", text)]);
        assert_eq!(seen[0], format!("weir_proxy::filter::settle {own}"), "{text:?}");
        assert_eq!(seen[1..], LIBRARIES_BY_DEFAULT, "{text:?}");
    }
}

#[test]
fn less_is_less_for_all() {
    for (text, level) in [("error", "ERROR"), ("off", "OFF")] {
        let seen = let_through(&[("WEIR_LOG", text)]);
        assert_eq!(seen[0], format!("weir_proxy::filter::settle {level}"));
        assert_eq!(seen[11], format!("hyper::proto::h1::role {level}"));
    }
}

#[test]
fn a_library_that_is_named_is_heard() {
    let named = "pingora_core=trace,h2=debug,pingora_proxy::proxy_h1=info";
    let seen = let_through(&[("WEIR_LOG", named)]);
    let is_changed = |line: &&str| !LIBRARIES_BY_DEFAULT.contains(line);
    let changed: Vec<_> = seen[1..].iter().map(String::as_str).filter(is_changed).collect();
    let expected = [
        "pingora_proxy::proxy_h1 INFO",
        "pingora_core::services::listening TRACE",
        "pingora_core::protocols::http::v1::server TRACE",
        "pingora_core::protocols::http::v1::client TRACE",
        "pingora_core::protocols::http::v1::common TRACE",
        "pingora_core::connectors::tls TRACE",
        "h2::codec::framed_read DEBUG",
    ];
    assert_eq!(changed, expected);
}
