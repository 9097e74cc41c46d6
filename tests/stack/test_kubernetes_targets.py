"""Prometheus in a cluster: both ways of telling it what to scrape give the jobs and labels that rules and dashboards go by.

The pods run as processes here, with the configuration that they have in the cluster.
"""

import contextlib
import json
import urllib.request

import pytest
import yaml

import scraper
from kubernetes_objects import KUBERNETES
from kubernetes_pod import Rendered, running
from kubernetes_targets import NAMESPACE, NODE, by_annotations, by_the_operator, targets
from ports import free_ports
from waiting import until

# The first of the simulated exporter's containers.
ENGINE_ID = "51a0" * 16
WAYS = {
    "operator": ["kubernetes/models/llama", "kubernetes/gpu-exporter", "kubernetes/monitoring-operator"],
    "annotations": ["kubernetes/models/llama", "kubernetes/gpu-exporter-annotations", "kubernetes/monitoring"],
}


@pytest.fixture(scope="module", params=WAYS)
def cluster(request, tmp_path_factory):
    """The pods, and a Prometheus that was told of them in one of the two ways."""
    folder = tmp_path_factory.mktemp(request.param)
    rendered = Rendered(*WAYS[request.param])
    engine, gpus = rendered.pod("vllm-llama"), rendered.pod("weir-gpu-exporter")
    if request.param == "annotations":
        # As models/llama has it with sidecar-annotations for its base.
        engine.metadata["annotations"] |= {"prometheus.io/scrape": "true", "prometheus.io/port": "9900"}
    ids = {"vllm": ENGINE_ID, "weir-proxy": "ab" * 32, "weir-discovery": "cd" * 32, "weir-gpu-exporter": "ef" * 32}
    found = [target for pod in (engine, gpus) for target in targets(pod, "127.0.0.1", ids)]
    if request.param == "operator":
        [monitor] = rendered.of_kind("PodMonitor")
        jobs = list(by_the_operator(monitor, found))
    else:
        [scrape] = [each["data"]["scrape.yml"] for each in rendered.of_kind("ConfigMap") if "scrape.yml" in each["data"]]
        jobs = list(by_annotations(yaml.safe_load(scrape), found))
    configuration = yaml.safe_dump({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(KUBERNETES / "rules/kubernetes.yml")],
        "scrape_configs": jobs,
    })
    [port] = free_ports(1)
    with contextlib.ExitStack() as ending:
        pod = ending.enter_context(running(rendered, engine, folder / "engine"))
        ending.enter_context(running(rendered, gpus, folder / "gpus", more=["--source", "simulate"]))
        # Braces are places for addresses there.
        text = configuration.replace("{", "{{").replace("}", "}}")
        prometheus = scraper.start_prometheus(folder, port, text)
        ending.callback(prometheus.program.stop)
        scraper.wait_until_ready(prometheus)
        url = f"http://127.0.0.1:{rendered.here(9801)}/v1/chat/completions"
        prometheus.pod = engine.name
        jobs = {"weir-proxy", "weir-discovery", "weir-gpu-exporter", "vllm"}
        until("all is scraped", lambda: prometheus.by("up", "job").keys() == {(job,) for job in jobs}, 30,
              lambda: str(prometheus.ask("up")) + prometheus.program.log_tail())
        until("the engine is known", lambda: prometheus.ask('llm_engine_up{model="llama"} == 1'), 30)
        # Before the proxy has heard of the model it is called `other`.
        counted = 'llm_requests_total{model="llama",outcome="success"} > 0'
        until("a request is counted", lambda: asked(url) and prometheus.ask(counted), 30)
        yield prometheus


def asked(url):
    body = json.dumps({"model": "llama", "messages": []}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(request, timeout=10).status == 200


def test_no_label_of_weirs_is_renamed(cluster):
    [series] = cluster.ask('count({__name__=~".+"})')
    assert series[1] > 500
    renamed = [labels for labels, _ in cluster.ask('{__name__=~".+"}') for label in labels if label.startswith("exported_")]
    assert renamed == []


def test_requests_keep_their_endpoint(cluster):
    [(labels, _)] = cluster.ask('llm_requests_total{model="llama",outcome="success"} > 0')
    kept = {name: labels[name] for name in ("job", "endpoint", "hop", "route", "model", "namespace", "pod")}
    assert kept == {
        "job": "weir-proxy", "endpoint": "chat_completions", "hop": "engine", "route": "llama", "model": "llama",
        "namespace": NAMESPACE, "pod": cluster.pod,
    }


def test_engines_are_called_as_their_pods(cluster):
    [(labels, value)] = cluster.ask("llm_engine_up")
    assert (labels["job"], labels["container"], labels["model"], value) == ("weir-discovery", cluster.pod, "llama", 1)
    [(labels, _)] = cluster.ask('up{job="vllm"}')
    kept = {name: labels[name] for name in ("container", "container_id", "model", "role", "namespace")}
    assert kept == {
        "container": cluster.pod, "container_id": ENGINE_ID, "model": "llama", "role": "vllm", "namespace": NAMESPACE,
    }


def test_vllms_own_page_comes_through_the_proxy(cluster):
    assert cluster.number('count({__name__=~"vllm:.+",job="vllm"})') > 50
    assert cluster.ask('count({__name__=~".+_created|python_.+"})') == []
    # One of them may be the proxy's own question for models; scrapes go on.
    until("scrapes go through the proxy", lambda: cluster.number("sum(weir_passthrough_requests_total)") > 2, 15)


def test_gpus_are_their_nodes(cluster):
    assert {labels["instance"] for labels, _ in cluster.ask("nvidia_gpu_duty_cycle")} == {NODE}


def test_a_gpus_power_has_a_model(cluster):
    owned = "nvidia_gpu_container_share * on (container_id) group_left (model, container) llm_container_info"
    found = until("the rule has run", lambda: cluster.ask(owned), 15)
    assert {(labels["model"], labels["container"]) for labels, _ in found} == {("llama", cluster.pod)}
