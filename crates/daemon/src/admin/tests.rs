mod access;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::put;
use serde_json::{Value, json};

use super::{AdminAccess, AdminError, AdminServer, OwnPage, Pages};

struct TestPages {
    ready: Result<(), String>,
    models: Option<Value>,
    status: Value,
    access: Arc<AdminAccess>,
}

impl Pages for TestPages {
    fn metrics(&self) -> String {
        "# HELP llm_requests Requests.\n# TYPE llm_requests counter\nllm_requests_total 3 # {trace_id=\"x\"} 1.0\n"
            .to_owned()
    }

    fn metrics_with_native(&self) -> String {
        self.metrics()
            + "# TYPE llm_native_seconds histogram\nllm_native_seconds {count:1,sum:1.0,schema:3,\
               zero_threshold:1e-6,zero_count:0,positive_spans:[0:1],positive_buckets:[1]}\n"
    }

    fn ready(&self) -> Result<(), String> {
        self.ready.clone()
    }

    fn status(&self) -> Value {
        self.status.clone()
    }

    fn models(&self) -> Option<Value> {
        self.models.clone()
    }

    fn access(&self) -> Arc<AdminAccess> {
        Arc::clone(&self.access)
    }

    fn own_page(&self, path: &str) -> Option<OwnPage> {
        match path {
            "/own" => Some(OwnPage::new(json!([1])).with_etag("v1")),
            "/own/late" => Some(OwnPage::unavailable("not read yet")),
            _ => None,
        }
    }

    fn routes(&self) -> Router {
        Router::new().route("/own/sent", put(|body: String| async move { format!("<p>{body}") }))
    }

    fn own_paths(&self) -> Vec<String> {
        vec!["/own".to_owned()]
    }
}

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn serve(pages: TestPages) -> AdminServer {
    AdminServer::bind(ANY_PORT, "weir-test", "1.2.3", Arc::new(pages)).unwrap()
}

fn happy() -> TestPages {
    let status = json!({"routes": []});
    TestPages { ready: Ok(()), models: None, status, access: Arc::default() }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn request(server: &AdminServer, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

fn get(server: &AdminServer, path: &str) -> Answer {
    request(server, "GET", path, "")
}

#[test]
fn metrics_are_text_by_default() {
    let server = serve(happy());
    for path in ["/metrics", "/prometheus"] {
        let answer = get(&server, path);
        assert_eq!(answer.status, 200);
        assert!(
            answer.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
            "{}",
            answer.head
        );
        for line in [
            "# TYPE llm_requests_total counter\nllm_requests_total 3\n",
            "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ",
            "# TYPE weir_build_info gauge\nweir_build_info{version=\"1.2.3\"",
        ] {
            assert!(answer.body.contains(line), "no {line:?} in {}", answer.body);
        }
        assert!(!answer.body.contains("# EOF"), "{}", answer.body);
    }
}

#[test]
fn metrics_are_openmetrics_for_those_who_ask() {
    let server = serve(happy());
    // Two headers of one name count as one list.
    let accept =
        "accept: application/openmetrics-text;version=1.0.0\r\naccept: text/plain;q=0.5\r\n";
    let answer = request(&server, "GET", "/metrics", accept);
    assert!(
        answer
            .head
            .contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{}",
        answer.head
    );
    assert!(answer.body.starts_with("# HELP llm_requests Requests.\n"), "{}", answer.body);
    assert!(
        answer.body.contains("llm_requests_total 3 # {trace_id=\"x\"} 1.0\n"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("# TYPE weir_build info\nweir_build_info{"), "{}", answer.body);
    assert!(answer.body.ends_with("\n# EOF\n"), "{}", answer.body);
}

#[test]
fn metrics_are_protobuf_with_native_histograms_for_those_who_ask() {
    let server = serve(happy());
    let accept = "accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                  encoding=delimited,*/*;q=0.1\r\n";
    let answer = request(&server, "GET", "/metrics", accept);
    let kind = "content-type: application/vnd.google.protobuf; \
                proto=io.prometheus.client.metricfamily; encoding=delimited";
    assert!(answer.head.contains(kind), "{}", answer.head);
    for name in
        ["llm_requests_total", "llm_native_seconds", "process_cpu_seconds_total", "weir_build_info"]
    {
        assert!(answer.body.contains(name), "{name} is not in {}", answer.body);
    }
    assert!(!get(&server, "/metrics").body.contains("llm_native_seconds"));
}

#[test]
fn health_says_ok_and_the_time() {
    let answer = get(&serve(happy()), "/health");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    assert_eq!(answer.json()["status"], "ok");
    let timestamp = answer.json()["timestamp"].as_str().unwrap().to_owned();
    assert_eq!(timestamp.len(), "2026-01-01T00:00:00Z".len(), "{timestamp}");
}

#[test]
fn readiness_has_a_reason() {
    let answer = get(&serve(happy()), "/ready");
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ready"})));

    let answer = get(&serve(TestPages { ready: Err("draining".to_owned()), ..happy() }), "/ready");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json(), json!({"status": "not ready", "reason": "draining"}));
}

#[test]
fn status_adds_name_version_and_uptime() {
    let body = get(&serve(happy()), "/status").json();
    assert_eq!(
        body,
        json!({"name": "weir-test", "version": "1.2.3", "uptime_seconds": 0, "routes": []})
    );
    let body = get(&serve(TestPages { status: json!("odd"), ..happy() }), "/status").json();
    assert_eq!((&body["name"], &body["status"]), (&json!("weir-test"), &json!("odd")));
}

#[test]
fn models_are_there_for_daemons_that_know_them() {
    assert_eq!(get(&serve(happy()), "/models").status, 404);
    let answer = get(&serve(TestPages { models: Some(json!(["a"])), ..happy() }), "/models");
    assert_eq!((answer.status, answer.json()), (200, json!(["a"])));
}

#[test]
fn other_paths_and_methods_are_told_what_there_is() {
    let server = serve(happy());
    for path in ["/", "/metrics/", "/nothing?x=1", "//"] {
        let answer = get(&server, path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["endpoints"][0], "/metrics", "{path}");
    }
    let answer = request(&server, "POST", "/metrics", "content-length: 0\r\n");
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("allow: get,head"), "{}", answer.head);
    let answer = request(&server, "HEAD", "/metrics", "");
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[test]
fn a_port_in_use_is_an_error_at_once() {
    let server = serve(happy());
    let again = AdminServer::bind(server.addr(), "weir-test", "1.2.3", Arc::new(happy()));
    let error = again.unwrap_err();
    assert!(matches!(error, AdminError::Bind { .. }), "{error:?}");
    let expected = format!(
        "cannot serve the admin pages on {}: Address already in use (os error 98); free the address or choose another one",
        server.addr()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_stopped_server_is_gone_and_open_connections_with_it() {
    let server = serve(happy());
    let addr = server.addr();
    let mut open = TcpStream::connect(addr).unwrap();
    open.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // An answered request, so that the server is known to hold the connection.
    open.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert!(open.read(&mut [0; 1024]).unwrap() > 0);
    server.stop();
    assert_eq!(open.read(&mut [0; 1024]).unwrap(), 0, "the connection is still open");
    assert!(TcpStream::connect(addr).is_err(), "{addr} still accepts connections");
    // The address is free again.
    drop(AdminServer::bind(addr, "weir-test", "1.2.3", Arc::new(happy())).unwrap());
}

#[test]
fn a_page_that_panics_takes_only_its_connection_with_it() {
    struct Broken;
    impl Pages for Broken {
        fn metrics(&self) -> String {
            panic!("on purpose")
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
            Arc::default()
        }
    }
    let server = AdminServer::bind(ANY_PORT, "weir-test", "1.2.3", Arc::new(Broken)).unwrap();
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
    assert_eq!(get(&server, "/health").status, 200);
}

#[test]
fn pages_of_a_daemons_own() {
    let server = serve(happy());
    let own = request(&server, "GET", "/own", "");
    assert_eq!((own.status, own.json()), (200, json!([1])));
    assert!(own.head.contains("etag: \"v1\"\r\n"), "{}", own.head);
    for known in ["\"v1\"", "\"v0\", W/\"v1\"", "*"] {
        let again = request(&server, "GET", "/own", &format!("if-none-match: {known}\r\n"));
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{known}");
    }
    assert_eq!(request(&server, "GET", "/own", "if-none-match: \"v2\"\r\n").status, 200);
    let late = request(&server, "GET", "/own/late", "");
    assert_eq!((late.status, late.json()), (503, json!({"error": "not read yet"})));
    let written = request(&server, "POST", "/own", "");
    assert_eq!(written.status, 405);
    assert!(written.head.contains("allow: get,head\r\n"), "{}", written.head);
    let missing = request(&server, "GET", "/own/else", "");
    assert_eq!(missing.status, 404);
    let endpoints = &missing.json()["endpoints"];
    assert!(endpoints.as_array().unwrap().contains(&json!("/own")), "{endpoints}");
}

#[test]
fn own_pages_that_take_bodies() {
    let server = serve(happy());
    let sent = request(&server, "PUT", "/own/sent", "content-length: 2\r\n\r\nhi");
    assert_eq!((sent.status, sent.body.as_str()), (200, "<p>hi"));
    assert!(sent.head.contains("content-type: text/plain"), "{}", sent.head);
    assert_eq!(request(&server, "GET", "/own/sent", "").status, 405);
    let closed = TestPages { access: Arc::new(AdminAccess::open().with_bearer("s")), ..happy() };
    let refused = request(&serve(closed), "PUT", "/own/sent", "content-length: 2\r\n\r\nhi");
    assert_eq!(refused.status, 401);
}
