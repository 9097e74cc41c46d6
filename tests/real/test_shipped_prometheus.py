"""The shipped configurations of Prometheus and LiteLLM: what is found is scraped, and labels stay bounded."""

import urllib.error
import urllib.request

import pytest

import shipped
from waiting import until

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
# Labels that tell callers apart.
CALLERS = ("hashed_api_key", "end_user", "user", "user_email", "client_ip", "user_agent")


def target(url, **labels):
    """As discovery lists it."""
    labels |= {"__scheme__": "http", "__metrics_path__": "/metrics"}
    return {"targets": [url.removeprefix("http://")], "labels": labels}


@pytest.fixture(scope="module")
def lists(stack):
    llama, qwen = (stack.engines[name].url for name in ("llama", "qwen"))
    engine = lambda url, name, **more: target(url, container=f"vllm-{name}", role="vllm", model=name, **more)
    lists = {
        "vllm": [engine(llama, "llama", container_id=shipped.ID, engine_version="0.32.0"), engine(qwen, "qwen")],
        "litellm": [target(stack.gateway.url, container="litellm", role="litellm", __meta_weir_named="true"),
                    target("http://127.0.0.1:9", container="liar", role="litellm", __meta_weir_named="false")],
        "weir": [],
        "containers": [],
    }
    with shipped.serving(lists) as server:
        own = {"container": "weir-discovery", "container_id": "d" * 64, "role": "weir"}
        lists["weir"].append(target("http://{}:{}".format(*server.server_address), **own))
        yield server


@pytest.fixture(scope="module")
def prometheus(lists, weir, tmp_path_factory):
    address = "{}:{}".format(*lists.server_address)
    folder = tmp_path_factory.mktemp("shipped")
    with shipped.running_prometheus(folder, address, weir.admin.removeprefix("http://")) as prometheus:
        # At their usual addresses there may be somebody else's.
        others = {("weir-gpu-exporter", ""), ("weir-loadtest", "")}
        up = lambda: prometheus.by("up", "job", "container").keys() - others
        own = {("weir-proxy", ""), ("weir-discovery", ""), ("weir", "")}
        expected = own | {("vllm", "vllm-llama"), ("vllm", "vllm-qwen"), ("litellm", "litellm")}
        details = lambda: str(prometheus.target("litellm")) + prometheus.program.log_tail()
        until("all targets are up", lambda: up() == expected, 30, details)
        yield prometheus


def test_what_is_found_is_scraped(prometheus):
    [(labels, value)] = prometheus.ask('up{container="vllm-llama"}')
    known = {name: labels[name] for name in ("container_id", "role", "model", "engine_version")}
    expected = {"container_id": shipped.ID, "role": "vllm", "model": "llama", "engine_version": "0.32.0"}
    assert (known, value) == (expected, 1)
    for name in ("vllm-llama", "vllm-qwen"):
        assert prometheus.number(f'count({{__name__=~"vllm:.+",container="{name}"}})') > 50
    assert prometheus.number('count({job="weir-proxy",__name__=~"llm_.+"})') > 100


def test_what_weir_says_of_containers_keeps_its_labels(prometheus):
    """Also where the one that says it is in a container itself."""
    [(labels, _)] = prometheus.ask('llm_container_info{job="weir"}')
    known = {name: labels[name] for name in ("container", "container_id", "role", "weir_container")}
    assert known == {
        "container": "vllm-llama", "container_id": shipped.ID, "role": "vllm", "weir_container": "weir-discovery",
    }
    assert not [name for name in labels if name.startswith("exported_")], labels


def test_the_gateway_is_scraped_with_a_key(prometheus, gateway):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(gateway.url + "/metrics/", timeout=10)
    [(labels, value)] = prometheus.ask('up{job="litellm"}')
    assert (labels["container"], value) == ("litellm", 1)


def test_callers_are_no_labels(prometheus, edge):
    edge.chat.completions.create(model="llama", messages=MESSAGES, user="somebody")

    def was_counted():
        return prometheus.ask('litellm_output_tokens_metric_total{requested_model="llama"} > 0')

    [(labels, _)] = until("LiteLLM's count was scraped", was_counted, 30)
    assert labels["api_key_alias"] == "None"
    for label in CALLERS:
        assert prometheus.ask(f'count({{job="litellm",{label}!=""}})') == [], label


def test_what_nobody_asks_for_is_dropped(prometheus):
    for name in (".+_created", "python_.+"):
        assert prometheus.ask(f'count({{__name__=~"{name}",job=~"vllm|litellm"}})') == [], name


def test_no_two_series_have_one_name(prometheus, edge):
    """Of series that a relabelling has made one, Prometheus keeps the first and says nothing."""
    edge.chat.completions.create(model="qwen", messages=MESSAGES)
    for job in ("vllm", "litellm"):
        kept = f'count({{job="{job}",__name__!~"up|scrape_.+"}})'
        lost = f'sum(scrape_samples_post_metric_relabeling{{job="{job}"}}) - {kept}'
        # Both are of one scrape, but for engines between whose scrapes the question falls.
        until(f"all samples of {job} are series", lambda: prometheus.number(lost) == 0, 15,
              lambda: str(prometheus.number(lost)))


def test_the_last_list_counts_while_discovery_fails(prometheus, lists):
    lists.is_failing = True
    try:
        before = lists.asked
        until("it was asked again", lambda: lists.asked > before + 10, 30)
        prometheus.catch_up("litellm")
        assert len(prometheus.ask('up{job="vllm"} == 1')) == 2
    finally:
        lists.is_failing = False


def test_the_rules_are_loaded(prometheus):
    assert "weir-gpu" in prometheus.rule_groups()
