//! How contenders are called.

use crate::contender::Contender;

/// For readers.
pub(crate) fn title(contender: Contender) -> &'static str {
    match contender {
        Contender::Direct => "direct, no proxy",
        Contender::HaproxyTcp => "HAProxy, TCP",
        Contender::HaproxyHttp => "HAProxy, HTTP",
        Contender::Nginx => "nginx",
        Contender::Envoy => "Envoy",
        Contender::BarePlain => "plain bare Pingora",
        Contender::Bare => "bare Pingora",
        Contender::Weir => "Weir",
    }
}

/// For command lines, as in the results: such as `haproxy-tcp`.
pub(crate) fn named(name: &str) -> Result<Contender, String> {
    let found = Contender::ALL.into_iter().find(|contender| contender.name() == name);
    found.ok_or_else(|| format!("there are {}", Contender::ALL.map(Contender::name).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contender_has_the_name_that_it_has_in_the_results() {
        assert_eq!(named("haproxy-tcp"), Ok(Contender::HaproxyTcp));
        let unknown = named("apache").unwrap_err();
        assert!(unknown.starts_with("there are direct, haproxy-tcp, "), "{unknown}");
        assert!(unknown.ends_with(", bare-plain, bare, weir"), "{unknown}");
    }
}
