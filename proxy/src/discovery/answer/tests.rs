use serde_json::json;

use super::*;

fn route(name: &str) -> Value {
    json!({"name": name, "listener": "engine", "hop": "engine",
        "upstream": "http://10.0.0.7:8000", "models": ["tiny"]})
}

fn answer(routes: Vec<Value>) -> Vec<u8> {
    json!({"version": 1, "routes": routes}).to_string().into_bytes()
}

/// The route `a` with another member.
fn with(member: &str, value: Value) -> Value {
    let mut route = route("a");
    route[member] = value;
    route
}

#[test]
fn routes_are_read_in_the_order_of_their_names() {
    let listing = read(&answer(vec![route("b"), route("a")])).unwrap();
    assert_eq!(listing.left_out, []);
    let names: Vec<_> = listing.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(listing.routes[0].upstream.url(), "http://10.0.0.7:8000");
    assert_eq!(listing.routes[0].models, ["tiny"]);
}

#[test]
fn certificates_are_checked_unless_it_says_otherwise() {
    let verified = |route| read(&answer(vec![route])).unwrap().routes[0].upstream.tls_verify();
    assert!(verified(route("a")));
    assert!(!verified(with("tls_verify", json!(false))));
    let odd = read(&answer(vec![with("tls_verify", json!("no"))])).unwrap();
    assert_eq!(odd.left_out[0].reason, "its tls_verify is neither true nor false");
}

#[test]
fn what_is_not_known_is_passed_over() {
    let mut route = with("weight", json!({"x": [1]}));
    for member in ["hop", "models"] {
        route.as_object_mut().unwrap().remove(member);
    }
    let body = json!({"version": 1, "generated": "now", "routes": [route]}).to_string();
    let listing = read(body.as_bytes()).unwrap();
    assert_eq!((listing.routes.len(), listing.left_out.len()), (1, 0));
    assert!(listing.routes[0].models.is_empty());
}

#[test]
fn an_answer_that_is_wrong_as_a_whole_names_nothing() {
    let many = |count| (0..count).map(|number| route(&format!("r{number}"))).collect();
    let models: Vec<_> = (0..900).map(|number| format!("m{number}")).collect();
    let with_models = |name: &str| {
        let mut route = route(name);
        route["models"] = json!(models);
        route
    };
    assert_eq!(read(&answer(many(256))).unwrap().routes.len(), 256);
    for (body, expected) in [
        (b"".to_vec(), Unusable::Shape),
        (b"<html>".to_vec(), Unusable::Shape),
        (b"[]".to_vec(), Unusable::Shape),
        (b"{\"version\":1}".to_vec(), Unusable::Shape),
        (b"{\"version\":1,\"routes\":{}}".to_vec(), Unusable::Shape),
        (b"{\"version\":\"1\",\"routes\":[]}".to_vec(), Unusable::Shape),
        (b"{\"routes\":[]}".to_vec(), Unusable::Shape),
        (b"{\"version\":1,\"routes\":[]} x".to_vec(), Unusable::Shape),
        (vec![b'['; 100_000], Unusable::Shape),
        (vec![0xff; 100], Unusable::Shape),
        (b"{\"version\":2,\"routes\":[]}".to_vec(), Unusable::Version),
        (answer(many(257)), Unusable::Routes),
        (answer(["a", "b", "c", "d", "e"].map(with_models).to_vec()), Unusable::Models),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(read(&body), Err(expected), "{shown}");
    }
}

#[test]
fn a_bad_route_leaves_out_only_itself() {
    let models: Vec<_> = (0..1_001).map(|number| format!("m{number}")).collect();
    for (bad, named, reason) in [
        (json!("a"), "routes[1]", "it is no object"),
        (json!({}), "routes[1]", "it has no name"),
        (with("name", json!(7)), "routes[1]", "it has no name"),
        (with("name", json!("a/b")), "routes[1]", "its name is not 1 to 64 letters"),
        (with("name", json!("")), "routes[1]", "its name is not"),
        (with("name", json!("..")), "routes[1]", "its name is not"),
        (with("name", json!("v1")), "routes[1]", "its name is not"),
        (with("name", json!("unrouted")), "routes[1]", "its name is not"),
        (with("name", json!("n".repeat(65))), "routes[1]", "its name is not"),
        (with("name", json!("good")), "good", "another route has the same name"),
        (with("listener", json!("edge")), "a", "its listener is not \"engine\""),
        (with("listener", json!(null)), "a", "its listener is not \"engine\""),
        (with("hop", json!("edge")), "a", "its hop is not \"engine\""),
        (with("upstream", json!(null)), "a", "it has no upstream"),
        (with("upstream", json!("10.0.0.7:8000")), "a", "its upstream is not a URL such as"),
        (with("upstream", json!("ftp://x")), "a", "its upstream is not a URL that begins with"),
        (with("upstream", json!("http://x/v1")), "a", "its upstream is not a URL without a path"),
        (
            with("upstream", json!("http://me:secret@x")),
            "a",
            "its upstream is not a URL without a user",
        ),
        (with("upstream", json!("http://x:0")), "a", "its upstream is not a port from 1"),
        (
            with("upstream", json!(format!("http://{}", "x".repeat(510)))),
            "a",
            "its upstream is longer",
        ),
        (with("models", json!("tiny")), "a", "its models are no list"),
        (with("models", json!(models)), "a", "it has more than 1000 models"),
        (with("models", json!([7])), "a", "a name of its models is not text of 1 to"),
        (with("models", json!([""])), "a", "a name of its models is not text of 1 to"),
        (with("models", json!(["m".repeat(10_000)])), "a", "a name of its models is not"),
    ] {
        let listing = read(&answer(vec![route("good"), bad.clone(), route("other")])).unwrap();
        let names: Vec<_> = listing.routes.iter().map(|route| route.name.as_str()).collect();
        assert_eq!(names, ["good", "other"], "{bad}");
        let [left_out] = &listing.left_out[..] else { panic!("{bad}: {:?}", listing.left_out) };
        assert_eq!(left_out.route, named);
        assert!(left_out.reason.starts_with(reason), "{left_out}");
        assert!(!left_out.to_string().contains("secret"), "{left_out}");
    }
}
