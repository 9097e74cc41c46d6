//! Descriptions of containers as a runtime gives them, from few words.

use serde_json::{Value, json};
use weir_discovery::container::{Container, Environment, inspect};

/// Of a case: `image`, `argv`, `env`, `labels`, `exposed`, `network`, `image_env`, GPUs, and whatever is
/// laid over it as `inspect`.
pub(crate) fn container(case: &Value) -> Container {
    let argv = texts(&case["argv"]);
    let exposed = case["exposed"].as_array().into_iter().flatten();
    let ports: serde_json::Map<_, _> =
        exposed.map(|port| (format!("{port}/tcp"), Value::Null)).collect();
    let network = case["network"].as_str().unwrap_or("bridge");
    let mut described = json!({
        "Id": "0123456789abcdef".repeat(4),
        "Name": "/some-name",
        "Path": argv.first().copied().unwrap_or_default(),
        "Args": argv.get(1..).unwrap_or_default(),
        "State": {"Status": "running", "Running": true},
        "Config": {
            "Image": case["image"].as_str().unwrap_or("company/image"),
            "Env": case["env"], "Labels": case["labels"],
        },
        "HostConfig": {
            "NetworkMode": network, "Runtime": case["runtime"].as_str().unwrap_or("runc"),
            "DeviceRequests": requests(&case["requests"]),
        },
        "NetworkSettings": {
            "Ports": ports,
            "Networks": {"bridge": {"IPAddress": "172.17.0.5"}},
        },
    });
    lay_over(&mut described, &case["inspect"]);
    let image_env = case["image_env"].as_array().map(|_| texts(&case["image_env"]));
    inspect::read(&described, image_env.map(Environment::of_lines)).unwrap()
}

fn requests(requests: &Value) -> Value {
    let Some(requests) = requests.as_array() else { return Value::Null };
    let whole = |request: &Value| {
        let mut whole =
            json!({"Driver": "", "Count": 0, "DeviceIDs": null, "Capabilities": [["gpu"]]});
        lay_over(&mut whole, request);
        whole
    };
    requests.iter().map(whole).collect()
}

fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (_, Value::Null) => {}
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}
