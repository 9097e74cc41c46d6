//! `weir_build_info`: which build is running.

use std::fmt::Write;

/// The commit that was built, where the build knows it: `WEIR_REVISION` at compile time.
pub const REVISION: Option<&str> = option_env!("WEIR_REVISION");

/// The metric, as OpenMetrics text without `# EOF`.
pub fn openmetrics(version: &str, revision: Option<&str>) -> String {
    let mut text = String::from(
        "# HELP weir_build Version of the running daemon, and the commit it was built from where that is known.\n\
         # TYPE weir_build info\n",
    );
    let labels = match revision {
        Some(revision) => {
            format!("version=\"{}\",revision=\"{}\"", escaped(version), escaped(revision))
        }
        None => format!("version=\"{}\"", escaped(version)),
    };
    // Writing to a String does not fail.
    let _ = writeln!(text, "weir_build_info{{{labels}}} 1");
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::openmetrics;

    #[test]
    fn an_unknown_revision_is_left_out() {
        let samples = |text: &str| text.lines().last().unwrap_or_default().to_owned();
        assert_eq!(samples(&openmetrics("0.1.0", None)), "weir_build_info{version=\"0.1.0\"} 1");
        assert_eq!(
            samples(&openmetrics("0.1.0", Some("ab\"c"))),
            "weir_build_info{version=\"0.1.0\",revision=\"ab\\\"c\"} 1"
        );
    }
}
