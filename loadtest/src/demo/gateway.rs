//! A gateway where LiteLLM stands elsewhere, between the proxy's two listeners: it lists the models, and passes
//! everything else on as it is. So the edge has requests, and both hops are seen.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::http;

/// Most bytes of a prompt.
const MOST: usize = 64 << 20;
/// Sooner than the proxy closes a connection that nobody uses: never is one taken that is just being closed.
const IDLE: Duration = Duration::from_secs(30);
/// What a message says of its connection (RFC 9110, 7.6.1), and not of itself.
const OF_THE_CONNECTION: [header::HeaderName; 5] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::TE, header::TRAILER, header::UPGRADE];

/// The running gateway. Dropping it ends it.
pub(crate) struct Gateway {
    url: String,
    _server: JoinSet<io::Result<()>>,
}

/// Where requests go on to.
#[derive(Clone)]
struct Onward {
    client: Client,
    base: String,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayError {
    #[error("listening on a free port")]
    Listen(#[source] io::Error),
    #[error("making its HTTP client")]
    Client(#[source] reqwest::Error),
}

impl Gateway {
    /// Starts it on a free port: it lists `models`, and passes requests on to `base`.
    pub(crate) async fn start(base: String, models: &[&str]) -> Result<Self, GatewayError> {
        let client =
            http::client().pool_idle_timeout(IDLE).build().map_err(GatewayError::Client)?;
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(GatewayError::Listen)?;
        let url = format!("http://{}", listener.local_addr().map_err(GatewayError::Listen)?);
        let listed = listed(models);
        let pages = Router::new()
            .route("/v1/models", get(async move || Json(listed.clone())))
            .fallback(pass_on)
            .with_state(Onward { client, base });
        // Else an event waits for the one before to be acknowledged.
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        let mut server = JoinSet::new();
        server.spawn(axum::serve(listener, pages).into_future());
        Ok(Self { url, _server: server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

fn listed(models: &[&str]) -> Value {
    let models = models.iter().map(|id| json!({"id": id, "object": "model", "owned_by": "weir"}));
    json!({"object": "list", "data": models.collect::<Vec<_>>()})
}

/// A request goes on, and its answer comes back piece by piece. Whoever leaves leaves both connections.
async fn pass_on(State(onward): State<Onward>, request: Request) -> Response {
    let (head, prompt) = request.into_parts();
    let Ok(prompt) = body::to_bytes(prompt, MOST).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or was cut").into_response();
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut headers = of_the_message(head.headers);
    headers.remove(header::HOST);
    let url = format!("{}{target}", onward.base);
    let sent = onward.client.request(head.method, url).headers(headers).body(prompt).send();
    match sent.await {
        Ok(answer) => {
            let (mut head, answer) = axum::http::Response::from(answer).into_parts();
            head.headers = of_the_message(head.headers);
            Response::from_parts(head, Body::new(answer))
        }
        Err(_unreachable) => {
            (StatusCode::BAD_GATEWAY, "the engine listener does not answer").into_response()
        }
    }
}

fn of_the_message(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use weir_sim::{Plan, Upstream};

    use super::*;

    async fn before(engine: &Upstream) -> Gateway {
        Gateway::start(engine.url(), &["a", "b"]).await.unwrap()
    }

    #[tokio::test]
    async fn it_lists_all_models_itself() {
        let engine = Upstream::builder().models(["a"]).start().await.unwrap();
        let gateway = before(&engine).await;
        let client = http::client().build().unwrap();
        let answer = client.get(format!("{}/v1/models", gateway.url())).send().await.unwrap();
        let listed: Value = answer.json().await.unwrap();
        let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(engine.requests().len(), 0);
        engine.stop().await;
    }

    #[tokio::test]
    async fn the_rest_goes_on_as_it_is() {
        let engine = Upstream::builder().models(["a"]).plan(Plan::tokens(3)).start().await.unwrap();
        let gateway = before(&engine).await;
        let client = http::client().build().unwrap();
        let ask = |base: &str| {
            client
                .post(format!("{base}/v1/chat/completions?x=1"))
                .header("x-weir-hop", "h")
                .json(&json!({"model": "a", "stream": true, "messages": []}))
                .send()
        };
        let answer = ask(gateway.url()).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert!(answer.text().await.unwrap().ends_with("data: [DONE]\n\n"));
        ask(&engine.url()).await.unwrap().text().await.unwrap();
        let [through, direct] = &engine.requests()[..] else { panic!("two requests") };
        assert_eq!(through.body, direct.body);
        assert_eq!((&through.method, &through.path), (&direct.method, &direct.path));
        assert!(through.headers.contains(&("x-weir-hop".to_owned(), b"h".to_vec())));
        engine.stop().await;
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_breaks_off() {
        let plan = "tokens=20,gap=1ms,fault=reset_mid_event:5".parse().unwrap();
        let engine = Upstream::builder().models(["a"]).plan(plan).start().await.unwrap();
        let gateway = before(&engine).await;
        let client = http::client().build().unwrap();
        let answer = client
            .post(format!("{}/v1/chat/completions", gateway.url()))
            .json(&json!({"model": "a", "stream": true, "messages": []}))
            .send();
        answer.await.unwrap().text().await.unwrap_err();
        engine.stop().await;
    }

    #[tokio::test]
    async fn nobody_behind_it_is_a_502() {
        let dead = weir_sim::DeadPort::new().unwrap();
        let gateway = Gateway::start(dead.url(), &[]).await.unwrap();
        let client = http::client().build().unwrap();
        let answer = client.get(format!("{}/health", gateway.url())).send().await.unwrap();
        assert_eq!(answer.status(), 502);
    }
}
