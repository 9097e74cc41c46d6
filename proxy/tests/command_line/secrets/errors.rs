//! Errors at the start: said before anything serves, and without the secrets that were misplaced.

use super::stem::{found_in, secret};
use crate::files::{ConfigFile, file};
use crate::process::run;

#[test]
fn errors_of_the_configuration_quote_no_secret() {
    let (token, user) = (file(&(secret("token") + "\n\u{1}")), file(""));
    let of = |key: &str, path: &ConfigFile| {
        let path = path.to_str().unwrap();
        file(&format!("[proxy]\nupstream = \"http://x\"\n[proxy.admin_access]\n{key} = {path:?}\n"))
    };
    let files = [
        of("bearer_file", &token),
        of("bearer_file", &user),
        of("password_file", &token),
        file(&format!(
            "[proxy]\nupstream = \"http://x\"\nadmin_access = {{ bearer = \"{}\" }}",
            secret("bearer")
        )),
        file(&format!("[proxy]\nupstream = \"http://me:{}@x\"", secret("upstream"))),
        file(&format!("[proxy]\nupstream = \"http://x\"\napi_key = \"{}\"", secret("api-key"))),
        file(&format!("[proxy]\napi_key = \"{}", secret("syntax"))),
    ];
    for path in &files {
        let (code, stdout, stderr) = run(&["--config", path.to_str().unwrap()], &[]);
        assert_eq!(code, 2, "{stderr}");
        assert_eq!(found_in(&(stdout + &stderr)), [""; 0], "{stderr}");
    }
    let variable = ("WEIR_PROXY__ADMIN_ACCESS__BEARER", secret("variable"));
    let (code, _, stderr) = run(&["--upstream", "http://x"], &[(variable.0, &variable.1)]);
    assert_eq!((code, found_in(&stderr).len()), (2, 0), "{stderr}");
}

/// Secrets end up on one line when they are put into a variable first.
#[test]
fn a_private_key_that_can_not_be_used_is_not_quoted() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = file(&made.cert.pem());
    let key = secret("private-key");
    for text in [
        key.clone(),
        format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"),
        format!("-----BEGIN PRIVATE KEY-----\\n{key}\\n-----END PRIVATE KEY-----\\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END {key}-----\n"),
        format!("-----BEGIN {key}-----\n{key}\n-----END {key}-----\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{key}\n"),
    ] {
        let private = file(&text);
        let config = format!(
            "[proxy]\nupstream = \"http://x\"\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
             [proxy.tls.engine]\ncertificate = {:?}\nkey = {:?}\n",
            certificate.to_str().unwrap(),
            private.to_str().unwrap()
        );
        let (code, stdout, stderr) = run(&["--config", file(&config).to_str().unwrap()], &[]);
        assert_eq!(code, 1, "{stderr}");
        assert_eq!(found_in(&(stdout + &stderr)), [""; 0], "{stderr}");
    }
}
