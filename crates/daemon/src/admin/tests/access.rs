//! Pages that ask for credentials.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{ANY_PORT, Answer, TestPages, get, happy, request, serve};
use crate::admin::{AdminAccess, AdminServer, Pages};

/// Every path that is there, and some that are not.
const CLOSED: [&str; 9] = [
    "/metrics",
    "/prometheus",
    "/status",
    "/models",
    "/",
    "/health/",
    "//health",
    "/%68ealth",
    "/nothing",
];

fn both() -> AdminAccess {
    AdminAccess::open().with_bearer("s3cret").with_basic("prometheus", "pw")
}

fn guarded(access: AdminAccess) -> AdminServer {
    serve(TestPages { access: Arc::new(access), models: Some(Value::Null), ..happy() })
}

fn with(server: &AdminServer, path: &str, authorization: &str) -> Answer {
    request(server, "GET", path, &format!("authorization: {authorization}\r\n"))
}

#[test]
fn nothing_but_probes_is_answered_without_credentials() {
    let server = guarded(both());
    for path in CLOSED {
        for answer in [get(&server, path), with(&server, path, "Bearer wrong")] {
            assert_eq!(answer.status, 401, "{path}");
            assert_eq!(answer.json()["error"], "unauthorized", "{path}");
            assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
        }
    }
    for method in ["HEAD", "POST", "OPTIONS"] {
        assert_eq!(request(&server, method, "/metrics", "").status, 401, "{method}");
    }
    for path in ["/health", "/ready", "/health?x=1"] {
        assert_eq!(get(&server, path).status, 200, "{path}");
        assert_eq!(with(&server, path, "Bearer wrong").status, 200, "{path}");
    }
}

#[test]
fn either_of_both_credentials_opens_them() {
    let server = guarded(both());
    // prometheus:pw
    for authorization in ["Bearer s3cret", "Basic cHJvbWV0aGV1czpwdw=="] {
        for path in ["/metrics", "/prometheus", "/status", "/models"] {
            assert_eq!(with(&server, path, authorization).status, 200, "{path} {authorization}");
        }
        assert_eq!(with(&server, "/nothing", authorization).status, 404);
    }
    let two = "authorization: Bearer wrong\r\nauthorization: Bearer s3cret\r\n";
    assert_eq!(request(&server, "GET", "/metrics", two).status, 200);
}

#[test]
fn what_is_accepted_is_what_is_asked_for() {
    let challenges = |access| {
        let head = get(&guarded(access), "/metrics").head;
        let lines = head.lines().filter_map(|line| line.strip_prefix("www-authenticate: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (bearer, basic) = ("bearer realm=\"weir\"", "basic realm=\"weir\", charset=\"utf-8\"");
    assert_eq!(challenges(AdminAccess::open().with_bearer("x")), [bearer]);
    assert_eq!(challenges(AdminAccess::open().with_basic("x", "y")), [basic]);
    assert_eq!(challenges(both()), [bearer, basic]);
}

#[test]
fn a_changed_secret_counts_at_once() {
    /// Pages whose secret changes while they are served.
    struct Rotating(Mutex<Arc<AdminAccess>>);
    impl Pages for Rotating {
        fn metrics(&self) -> String {
            String::new()
        }
        fn ready(&self) -> Result<(), String> {
            Ok(())
        }
        fn status(&self) -> Value {
            Value::Null
        }
        fn models(&self) -> Option<Value> {
            None
        }
        fn access(&self) -> Arc<AdminAccess> {
            Arc::clone(&self.0.lock().unwrap())
        }
    }
    let bearer = |token| Arc::new(AdminAccess::open().with_bearer(token));
    let pages = Arc::new(Rotating(Mutex::new(bearer("old"))));
    let served: Arc<dyn Pages> = Arc::clone(&pages) as _;
    let server = AdminServer::bind(ANY_PORT, "weir-test", "1.2.3", served).unwrap();
    let status = |token| with(&server, "/status", &format!("Bearer {token}")).status;
    assert_eq!((status("old"), status("new")), (200, 401));
    *pages.0.lock().unwrap() = bearer("new");
    assert_eq!((status("old"), status("new")), (401, 200));
}
