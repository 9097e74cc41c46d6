use std::time::Duration;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use tokio::net::TcpListener;

use super::*;

/// A Prometheus below `/prom` that answers every question alike; the question comes back where it is an error.
async fn answering(status: u16, body: &'static str) -> Prometheus {
    let answer = move |RawQuery(query): RawQuery| async move {
        let body = body.replace("$query", &query.unwrap_or_default());
        (StatusCode::from_u16(status).unwrap(), body)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/prom", listener.local_addr().unwrap());
    let router = Router::new().route("/prom/api/v1/query", get(answer));
    tokio::spawn(async { axum::serve(listener, router).await });
    Prometheus::new(http::client().build().unwrap(), &url.parse().unwrap())
}

fn labels(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_vector_is_read_and_what_is_no_number_is_left_out() {
    let prometheus = answering(
        200,
        r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"__name__":"up","job":"a"},"value":[1795000000.123,"1.5"]},
            {"metric":{"job":"b"},"value":[1795000000.123,"NaN"]}]}}"#,
    )
    .await;
    let samples = prometheus.vector("up", None).await.unwrap();
    let expected = Sample { labels: labels(&[("__name__", "up"), ("job", "a")]), value: 1.5 };
    assert_eq!(samples, [expected]);
    assert_eq!((samples[0].label("job"), samples[0].label("none")), ("a", ""));
}

#[tokio::test]
async fn the_samples_of_a_time_are_read_as_they_were_scraped() {
    let prometheus = answering(
        200,
        r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"uuid":"a"},"values":[[10.5,"1"],[15.5,"+Inf"],[20.5,"3"]]}]}}"#,
    )
    .await;
    let (start, end) = (UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(30));
    let samples = prometheus.samples("energy", start, end).await.unwrap();
    let points = vec![(10.5, 1.0), (20.5, 3.0)];
    assert_eq!(samples, [Stretch { labels: labels(&[("uuid", "a")]), points }]);
}

#[tokio::test]
async fn a_user_and_a_password_are_shown_to_whoever_wants_them() {
    let guarded = |headers: HeaderMap| async move {
        match headers.get("authorization").map(|value| value.to_str().unwrap()) {
            // weir:correct-horse
            Some("Basic d2Vpcjpjb3JyZWN0LWhvcnNl") => (
                StatusCode::OK,
                r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            ),
            _ => (StatusCode::UNAUTHORIZED, "Unauthorized"),
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().route("/api/v1/query", get(guarded));
    tokio::spawn(async { axum::serve(listener, router).await });
    let open = Prometheus::new(http::client().build().unwrap(), &url);
    let why = open.vector("up", None).await.unwrap_err().to_string();
    assert!(why.contains("401") && why.contains("prometheus_user"), "{why}");

    let file = std::env::temp_dir().join(format!("weir-password-{}", std::process::id()));
    let asked = |password: &str| {
        std::fs::write(&file, password).unwrap();
        let login = Login::of(Some("weir".to_owned()), Some(file.clone()), None).unwrap();
        let prometheus = open.clone().with_login(login);
        async move { prometheus.vector("up", None).await }
    };
    assert_eq!(asked("correct-horse\n").await.unwrap(), []);
    let why = asked("wrong").await.unwrap_err().to_string();
    assert!(why.contains("another user or password") && !why.contains("wrong"), "{why}");
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn its_own_words_are_handed_on() {
    let prometheus = answering(
        400,
        r#"{"status":"error","errorType":"bad_data","error":"1:1: what is $query?"}"#,
    )
    .await;
    let start = UNIX_EPOCH + Duration::from_secs(10);
    let end = start + Duration::from_millis(2_500);
    let error = prometheus.samples("energy", start, end).await.unwrap_err().to_string();
    assert!(error.contains(r#"answers "energy[2501ms]" with: 1:1: what is "#), "{error}");
    assert!(error.contains("query=energy%5B2501ms%5D&time=12.500"), "{error}");
}

#[tokio::test]
async fn what_is_no_prometheus_is_said() {
    let prometheus = answering(404, "<html>").await;
    let error = prometheus.vector("up", None).await.unwrap_err();
    assert!(matches!(error, PrometheusError::Refused { .. }), "{error}");
    assert!(
        error.to_string().contains("status 404 Not Found, and no answer of its API"),
        "{error}"
    );

    let nobody = weir_sim::DeadPort::new().unwrap();
    let client = http::client().build().unwrap();
    let prometheus = Prometheus::new(client, &nobody.url().parse().unwrap());
    let error = prometheus.vector("up", None).await.unwrap_err().to_string();
    assert!(error.contains("asking Prometheus at http://127.0.0.1:"), "{error}");
    assert!(error.contains("Connection refused"), "{error}");
}
