//! The configuration under which secrets are sent: every kind of upstream, and secrets of its own.

use weir_sim::{DeadPort, Upstream};

use super::stem::secret;
use super::upstream;
use crate::files::{ConfigFile, file};

/// How an upstream fails when it is asked for its models.
const POLLED: [&str; 5] = ["echo-401", "no-http", "redirect", "no-json", "half"];

/// Files that a configuration names.
pub(super) struct Files {
    key: ConfigFile,
    bad_key: ConfigFile,
    hash: ConfigFile,
    certificate: ConfigFile,
    private: ConfigFile,
    pub(super) access_log: ConfigFile,
}

impl Files {
    pub(super) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self {
            key: file(&secret("models.key")),
            bad_key: file(&(secret("models.bad-key") + "\n\u{1}x")),
            hash: file(&secret("hash-of-clients")),
            certificate: file(&made.cert.pem()),
            private: file(&made.signing_key.serialize_pem()),
            access_log: file(""),
        }
    }
}

/// On the edge listener, which speaks TLS, a route to the simulator. On the other one: `sim` to the
/// simulator, `raw` to the upstream that answers badly, `dead` to nobody, `tls` to one that knows no
/// TLS, `key` with a key that can't be sent, one for each of [`POLLED`], and `locked`, for which
/// nobody has a key. Clients are told apart by hashes of their keys.
pub(super) fn config(sim: &Upstream, dead: &DeadPort, files: &Files) -> ConfigFile {
    let path = |file: &ConfigFile| format!("{:?}", file.to_str().unwrap());
    let (key, bad_key) = (path(&files.key), path(&files.bad_key));
    let mut text = format!(
        "[proxy]\nedge = \"127.0.0.1:0\"\nengine = \"127.0.0.1:0\"\n\
         [proxy.tls.edge]\ncertificate = {}\nkey = {}\n\
         [proxy.clients]\nmetrics = \"hash\"\nhash_secret_file = {}\n\
         [proxy.access_log]\npath = {}\nmost_errors = \"1000000/second\"\n\
         [[proxy.keys]]\nalias = \"team\"\nsha256 = \"{:064}\"\n",
        path(&files.certificate),
        path(&files.private),
        path(&files.hash),
        path(&files.access_log),
        0
    );
    let mut route = |name: &str, upstream: &str, more: &str| {
        text.push_str(&format!(
            "[[proxy.routes]]\nname = {name:?}\nupstream = {upstream:?}\n{more}\n"
        ));
    };
    let with = |key: &str| format!("access = \"open\"\nmodels_key_file = {key}");
    route("front", &sim.url(), &(with(&key) + "\nhop = \"edge\""));
    route("sim", &sim.url(), &with(&key));
    route("raw", &format!("http://{}", upstream::start("echo-500")), &with(&key));
    route("dead", &dead.url(), &with(&key));
    route("tls", &sim.url().replace("http:", "https:"), &with(&key));
    route("key", &sim.url(), &with(&bad_key));
    for answer in POLLED {
        route(answer, &format!("http://{}", upstream::start(answer)), &with(&key));
    }
    route("locked", &sim.url(), "access = \"keys\"");
    file(&text)
}
