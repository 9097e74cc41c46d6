//! Where the credentials of the admin pages come from, and what is said of files that hold none.

use serde::Deserialize;

use super::File;
use crate::admin::AdminAccess;
use crate::config::{ConfigError, Layers, RawAdminAccess, Sources, Table};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Daemon {
    admin_access: RawAdminAccess,
}

fn read(layers: &Layers) -> Result<AdminAccess, ConfigError> {
    let loaded = Sources::read(layers)?.table::<Daemon>(Table::Proxy)?;
    loaded.value.admin_access.read(&loaded, "proxy.admin_access")
}

/// The result for these lines, in which `A` and `B` stand for files with these texts; they are called
/// so in the error too.
fn of(lines: &str, a: &str, b: &str) -> Result<AdminAccess, String> {
    let (a, b) = (File::new(a), File::new(b));
    let [a_path, b_path] = [&a, &b].map(|file| file.path().to_str().unwrap());
    let lines = lines.replace("'A'", &format!("{a_path:?}")).replace("'B'", &format!("{b_path:?}"));
    let file = File::new(&format!("[proxy.admin_access]\n{lines}"));
    let path = file.path();
    read(&Layers::new().with_file(path)).map_err(|error| {
        let error = error.to_string().replace(path.to_str().unwrap(), "FILE");
        error.replace(a_path, "A").replace(b_path, "B")
    })
}

#[test]
fn files_hold_the_secrets() {
    let bearer = AdminAccess::open().with_bearer("s3cret");
    let basic = AdminAccess::open().with_basic("me", " a b ");
    for end in ["", "\n", "\r\n", "\n\n"] {
        assert_eq!(of("bearer_file = 'A'", &format!("s3cret{end}"), ""), Ok(bearer.clone()));
        let user = "user = \"me\"\npassword_file = 'A'";
        assert_eq!(of(user, &format!(" a b {end}"), ""), Ok(basic.clone()), "blanks count");
    }
    let both = "bearer_file = 'A'\nuser = \"me\"\npassword_file = 'B'";
    assert_eq!(of(both, "s3cret", " a b "), Ok(bearer.clone().with_basic("me", " a b ")));
    assert_eq!(read(&Layers::new()).unwrap(), AdminAccess::open());

    let file = File::new("s3cret");
    let path = file.path().to_str().unwrap();
    let variable = [("WEIR_PROXY__ADMIN_ACCESS__BEARER_FILE", path)];
    assert_eq!(read(&Layers::new().with_environment(variable)).unwrap(), bearer);
}

#[test]
fn what_holds_no_secret_is_named_and_not_quoted() {
    for (lines, content, message) in [
        (
            "bearer_file = \"not-there\"",
            "",
            "proxy.admin_access.bearer_file = not-there: expected a file that can be read (No such \
             file or directory (os error 2)) (from FILE)",
        ),
        (
            "bearer_file = 'A'",
            "\n",
            "proxy.admin_access.bearer_file = A: expected a file with the secret in it; this one is \
             empty (from FILE)",
        ),
        (
            "bearer_file = 'A'",
            "one\ntwo",
            "proxy.admin_access.bearer_file = A: expected a file with one line of visible ASCII \
             characters and no blank: nothing else can be sent as a token (from FILE)",
        ),
        (
            "user = \"me\"\npassword_file = 'A'",
            "one\ntwo",
            "proxy.admin_access.password_file = A: expected a file with one line and no control \
             character in it (from FILE)",
        ),
        (
            "user = \"me:you\"\npassword_file = 'A'",
            "pw",
            "proxy.admin_access.user = me:you: expected at least one character, no colon and no \
             control character (from FILE)",
        ),
        (
            "user = \"me\"",
            "",
            "proxy.admin_access.user = me: expected proxy.admin_access.password_file beside it \
             (from FILE)",
        ),
        (
            "password_file = 'A'",
            "pw",
            "proxy.admin_access.password_file = A: expected proxy.admin_access.user beside it \
             (from FILE)",
        ),
        (
            "",
            "",
            "proxy.admin_access = {}: expected bearer_file, or user and password_file, or no such \
             table (from FILE)",
        ),
        (
            "bearer = \"s3cret\"",
            "",
            "proxy.admin_access.bearer is not a known key; known here: \
             bearer_file, user, password_file (from FILE)",
        ),
    ] {
        assert_eq!(of(lines, content, "").unwrap_err(), message);
    }
}
