//! What operators are told of an upstream's list of models.

use weir_sim::{DeadPort, Upstream};

use crate::files::{file, one_route};
use crate::process::Weir;
use crate::talk;

/// The line that says it.
pub(crate) const NO_MODELS: &str =
    "The upstream's models can't be asked for; names are learnt from traffic.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_whose_models_can_not_be_asked_for_is_named_once() {
    let nobody = DeadPort::new().unwrap();
    let mut weir = Weir::with_file(&file(&one_route(&nobody.url(), "")));
    let line = weir.has_logged(NO_MODELS);
    let refused = "GET /v1/models: Connection refused (os error 111)";
    assert_eq!((&line["level"], &line["route"]), (&"WARN".into(), &"default".into()));
    assert_eq!(line["reason"], refused);
    assert!(talk::get(weir.admin, "/status").contains(refused));
    let addr = nobody.addr();
    drop(nobody);
    let _late = Upstream::builder().bind(addr).start().await.unwrap();
    let line = weir.logged("The upstream's models are known.");
    assert_eq!((&line["level"], &line["count"]), (&"INFO".into(), &1.into()));
    assert!(talk::get(weir.admin, "/status").contains("\"models_poll\":\"ok\""));
    assert_eq!(weir.said(NO_MODELS).len(), 1, "asked several times, said once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_are_asked_for_where_the_traffic_goes_and_nowhere_else() {
    let nobody = DeadPort::new().unwrap();
    let upstream = Upstream::builder().start().await.unwrap();
    let args = ["--upstream", &upstream.url(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    // Whoever stands there would be given the key.
    let mut weir = Weir::start_in(&args, &[("HTTP_PROXY", &nobody.url())]);
    weir.has_logged("The upstream's models are known.");
    assert_eq!(upstream.requests().len(), 1);
}
