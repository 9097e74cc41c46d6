//! A simulator that knows any model and a proxy before it, and the check that all tests of good
//! answers share: the client gets the upstream's bytes, the scrape says what the simulator sent.

use serde_json::Value;
use weir_proxy::RouteConfig;
use weir_sim::{Engine, Plan, Recorded, Upstream};

use crate::rig::{
    Answer, Api, DEADLINE, ProxyGuard, ask, asking, assert_same, config, engine, route,
    without_usage_event,
};
use crate::truth::assert_counted;

pub(crate) struct Scene {
    pub(crate) sim: Upstream,
    pub(crate) proxy: ProxyGuard,
}

/// What a checked request was worth.
pub(crate) struct Checked {
    /// Bytes of the request's body as the client sent it.
    pub(crate) request_bytes: usize,
    /// Bytes of the answer's body as the upstream sent it.
    pub(crate) response_bytes: usize,
}

impl Scene {
    /// One route named `only`. A model of its own for each request makes its series its alone.
    pub(crate) async fn start(server: Engine, plan: Plan, models: &[String]) -> Self {
        let builder = Upstream::builder().engine(server).models([""; 0]).plan(plan);
        let sim = builder.start().await.unwrap();
        let only = RouteConfig { models: models.to_vec(), ..route("only", &sim.url()) };
        let proxy = ProxyGuard::start(&config([engine([only])]));
        Self { sim, proxy }
    }

    /// Sends the body directly and through Weir: asserts that the answers are the same and that
    /// the series of its model, which had no request before, are true.
    pub(crate) async fn check(&self, api: Api, body: &Value) -> Checked {
        let (model, stream) = (body["model"].as_str().unwrap(), api.is_stream(body));
        let (direct, response_bytes) = reference(&self.sim, api, body).await;
        assert_eq!(direct.status, 200, "{}", direct.text());
        let request = api.post(body);
        let through = ask(self.proxy.engine(), &request).await;
        assert_same(&direct, &through);
        let scrape = self.proxy.settled().await;
        assert_counted(&scrape, model, api, stream, &self.newest().await);
        Checked { request_bytes: request.body_bytes().len(), response_bytes }
    }

    /// The newest request, once its answer is booked.
    async fn newest(&self) -> Recorded {
        let booked = |all: &[Recorded]| all.last().is_some_and(Recorded::finished);
        self.sim.wait_for(booked, DEADLINE, "the answer is booked").await.pop().unwrap()
    }
}

/// The upstream's own answer as a client of Weir is to see it, and its length as it was sent.
pub(crate) async fn reference(sim: &Upstream, api: Api, body: &Value) -> (Answer, usize) {
    let is_asked =
        api.is_stream(body) && api.has_stream_options() && body.get("stream_options").is_none();
    let request = if is_asked { api.post(&asking(body)) } else { api.post(body) };
    let mut answer = ask(sim.addr(), &request).await;
    let length = answer.body.len();
    if is_asked && answer.status == 200 {
        answer.body = without_usage_event(answer.text()).into_bytes();
    }
    (answer, length)
}
