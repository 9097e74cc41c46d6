//! Who may read the page and write to it, and how its files are sent.

use std::net::TcpStream;

use weir_test_daemon::file;

use super::{Method, Page};

#[tokio::test]
async fn pages_are_sent_as_what_they_are() {
    let page = Page::start("");
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/benchmarks.html", "text/html; charset=utf-8"),
        ("/view_results.html", "text/html; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/assets/live.js", "text/javascript; charset=utf-8"),
        ("/assets/plotly.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = page.get(path).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &kind.parse().unwrap()),
            "{path}"
        );
        assert_eq!(answer.headers()["cache-control"], "no-cache", "{path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        let etag = answer.headers()["etag"].clone();
        let again =
            page.ask(Method::GET, path).header("if-none-match", &etag).send().await.unwrap();
        assert_eq!(
            (again.status(), again.headers().get("etag")),
            (reqwest::StatusCode::NOT_MODIFIED, Some(&etag))
        );
        let packed =
            page.ask(Method::GET, path).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        assert_ne!(packed.headers()["etag"], etag, "{path}: another coding is another entity");
        assert_eq!(&packed.bytes().await.unwrap()[..2], b"\x1f\x8b", "{path}");
    }
    let (status, missing) = page.json("/assets/nope.js").await;
    assert_eq!(status, 404);
    assert!(
        missing["endpoints"].as_array().unwrap().contains(&"/benchmarks.html".into()),
        "{missing}"
    );
    assert_eq!(page.ask(Method::POST, "/").send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn names_of_others_and_pages_of_others_are_refused() {
    let page = Page::start("hosts = [\"Benchmarks.example\"]\n");
    for (host, status) in [
        ("localhost:1", 200),
        ("benchmarks.example:8001", 200),
        ("rebound.example:8001", 421),
        ("127.0.0.1.rebound.example", 421),
    ] {
        let asked = page.ask(Method::GET, "/api/links").header("host", host).send().await.unwrap();
        assert_eq!(asked.status(), status, "{host}");
        assert!(asked.headers().contains_key("content-security-policy"), "{host}");
        assert!(!asked.headers().contains_key("access-control-allow-origin"), "{host}");
    }
    let own = format!("http://{}", page.daemon.address());
    let gold = "/api/benchmarks/x/contents/0/gold";
    for (origin, kind, status) in [
        (None, "application/json", 404),
        (Some(own.as_str()), "application/json; charset=utf-8", 404),
        (Some("http://evil.example"), "application/json", 403),
        (Some("null"), "application/json", 403),
        (None, "text/plain", 415),
        (Some(own.as_str()), "application/x-www-form-urlencoded", 415),
    ] {
        let request = page.ask(Method::PUT, gold).header("content-type", kind);
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        let answer = request.body("{\"gold\":true}").send().await.unwrap();
        assert_eq!(answer.status(), status, "{origin:?} {kind}");
    }
    let large = format!("{{\"gold\":true{}}}", " ".repeat(64 << 10));
    assert_eq!(page.send(Method::PUT, gold, &large).await.0, 413);
    assert_eq!(page.send(Method::DELETE, "/api/benchmarks/x", "").await.0, 405);
}

#[tokio::test]
async fn credentials_count_for_all_of_it() {
    let token = file("s3cret");
    let lines = format!("admin_access = {{ bearer_file = {:?} }}\n", token.to_str().unwrap());
    let page = Page::start(&lines);
    for path in ["/", "/assets/plotly.js", "/api/benchmarks", "/api/metrics/gpu", "/metrics"] {
        assert_eq!(page.get(path).await.status(), 401, "{path}");
    }
    let shown =
        page.ask(Method::GET, "/api/benchmarks").bearer_auth("s3cret").send().await.unwrap();
    assert_eq!(shown.status(), 200);
    let put = page.send(Method::PUT, "/api/benchmarks/x/contents/0/gold", "{}").await;
    assert_eq!(put.0, 401);
}

#[tokio::test]
async fn many_who_look_do_not_keep_probes_out() {
    let page = Page::start("");
    let address = page.daemon.address();
    let open: Vec<_> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert_eq!(page.get("/health").await.status(), 200);
    drop(open);
}
