"""`docker compose up`, as a newcomer would: what runs, who reaches what, what is measured, and what outlives a restart."""

import json
import re
import time
import urllib.parse
from pathlib import Path

import pytest

from stand_ins import SERVICES
from waiting import until

PROMETHEUS = "http://127.0.0.1:23001"
PASSWORD = ["-u", "weir:weir-prometheus"]
MODELS = {"llama-3.3-70b", "qwen3-8b", "mistral-7b"}
# What has no stand-in here.
NOT_STARTED = {"loki", "alloy", "tempo", "grafana", "cadvisor"}


def ask(docker, expression, at=None):
    """PromQL at the published port: (labels, value)."""
    query = urllib.parse.urlencode({"query": expression} | ({"time": at} if at else {}))
    status, body = docker.get(f"{PROMETHEUS}/api/v1/query?{query}", *PASSWORD)
    assert status == 200, body
    return [(each["metric"], float(each["value"][1])) for each in json.loads(body)["data"]["result"]]


def values(docker, expression, label):
    return {labels.get(label): value for labels, value in ask(docker, expression)}


def waited(docker, what, expression, holds, deadline=90):
    """The answer to an expression, once it is as it should be."""

    def asked():
        found = ask(docker, expression)
        assert holds(found), found
        return found or True

    return until(what, asked, deadline)


def test_everything_is_healthy(stack):
    states = stack.services()
    assert set(states) == set(SERVICES)
    # `traffic` has no health to be asked for.
    assert {name for name, state in states.items() if state != ("running", "healthy")} == {"traffic"}


def test_all_targets_are_up_but_those_that_are_not_here(stack):
    def asked():
        states = {(labels["job"], value) for labels, value in ask(stack.docker, "up")}
        down = {job for job, value in states if value == 0}
        up = {job for job, value in states if value == 1}
        assert down == NOT_STARTED
        weir = {"weir-proxy", "weir-discovery", "weir-gpu-exporter", "weir-loadtest"}
        assert up == weir | {"vllm", "prometheus", "alertmanager", "node"}
        assert len(ask(stack.docker, 'up{job="vllm"} == 1')) == 3
        return True

    until("Prometheus has scraped all targets", asked, 60, stack.details)


def test_each_model_is_measured(stack):
    measured = "histogram_quantile(0.95, sum by (le, model) (rate(llm_time_to_first_token_seconds_bucket{hop='edge'}[1m])))"
    waited(
        stack.docker,
        "each model has a p95 of its first token",
        measured,
        lambda found: MODELS <= {labels["model"] for labels, value in found if value > 0},
    )
    engines = values(stack.docker, "llm_engine_up == 1", "model")
    assert set(engines) == MODELS
    assert len(ask(stack.docker, 'llm_container_state{state="running",container=~"weir-engine-.-1"} == 1')) == 3
    assert len(ask(stack.docker, "nvidia_gpu_up == 1")) == 8


def test_simulated_gpus_belong_to_the_engines(stack):
    joined = "nvidia_gpu_container_share * on (container_id) group_left (model) max by (container_id, model) (llm_container_info)"
    waited(
        stack.docker,
        "each model has a share of the GPUs",
        f"sum by (model) ({joined})",
        lambda found: {labels["model"]: value for labels, value in found}.keys() == MODELS,
    )


def test_rules_are_evaluated(stack):
    """All of them, by the Prometheus of the stack, and Alertmanager hears of what fires."""
    assert ask(stack.docker, "sum(prometheus_rule_evaluation_failures_total)") == [({}, 0)]
    assert ask(stack.docker, "sum(prometheus_rule_group_rules)")[0][1] > 100
    waited(stack.docker, "the watchdog fires", 'ALERTS{alertname="Watchdog",alertstate="firing"}', bool)
    waited(stack.docker, "Alertmanager was told", "alertmanager_alerts_received_total > 0", bool)


def test_who_is_listened_to(stack):
    listening = {(address, int(port)) for address, port in stack.docker.listening()}
    ports = {port for _, port in listening if port in range(8000, 10000) or port in range(23000, 24000)}
    assert ports == {8001, 9800, 23001}, listening
    assert {address for address, port in listening if port == 23001} == {"127.0.0.1"}
    chat = json.dumps({"model": "qwen3-8b", "messages": [{"role": "user", "content": "Hello"}]})
    header = ("-H", "content-type: application/json")
    status, body = stack.docker.get("http://127.0.0.1:9800/v1/chat/completions", *header, "-d", chat)
    assert status == 200 and json.loads(body)["choices"][0]["message"]["content"]


def test_prometheus_asks_for_a_password(stack):
    assert stack.docker.get(f"{PROMETHEUS}/api/v1/query?query=up")[0] == 401
    assert stack.docker.get(f"{PROMETHEUS}/api/v1/query?query=up", "-u", "weir:wrong")[0] == 401


def test_a_benchmark_is_run_beside_it_and_shown(stack):
    """As compose/README.md says, but for its length; it is not there with `up`, and its container is gone with it."""
    assert "loadtest" not in stack.services()
    text = (Path(__file__).parents[3] / "compose/README.md").read_text().replace("\\\n", " ")
    [words] = re.findall(r"compose.yaml (run --rm loadtest run .*--prometheus.*)\n", text)
    run, rm, *words = words.split()
    said = stack.run(run, rm, "--no-TTY", *words, "--requests", "40", "--output", "-")
    report = json.loads(said)
    assert (report["status"], report["summary"]["sent"]) == ("finished", 40)
    # Of the proxy it has learnt by its admin pages, of the model's GPUs from a Prometheus that asks for a password.
    assert report["proxy"]["rows"] and report["gpus"]["cards"], report["warnings"]
    assert "loadtest" not in stack.services()

    def page(path):
        status, body = stack.docker.get(f"http://127.0.0.1:8001{path}")
        assert status == 200, body
        return json.loads(body)

    shown = [run["id"] for run in page("/api/benchmarks")["runs"]]
    assert shown == [report["id"]]
    assert len(page("/api/metrics/gpu")["gpus"]) == 8
    finished = 'weir_loadtest_runs{status="finished"}'
    waited(stack.docker, "Prometheus knows of the run", finished, lambda found: [value for _, value in found] == [1])


@pytest.mark.parametrize("service", SERVICES)
def test_no_container_may_more_than_it_needs(stack, service):
    container = stack.container(service)
    settings = container["HostConfig"]
    assert settings["CapDrop"] == ["ALL"] and not settings["CapAdd"] and not settings["Privileged"]
    assert "no-new-privileges:true" in settings["SecurityOpt"]
    assert settings["Memory"] > 0 and settings["RestartPolicy"]["Name"] == "unless-stopped"
    assert container["Config"]["User"] not in ("", "root", "0") or service == "docker-proxy"
    sockets = [mount["Source"] for mount in container["Mounts"] if mount["Source"].endswith("docker.sock")]
    assert bool(sockets) == (service == "docker-proxy")


def test_the_proxy_of_the_socket_need_not_be_root(stack):
    """It listens, and Docker answers through it, as another user of the socket's group."""
    other = stack.changed(DOCKER_PROXY_USER=f"99:{Path(stack.docker.socket.removeprefix('unix://')).stat().st_gid}")
    before = stack.container("docker-proxy")["Id"]
    try:
        other.run("up", "--detach", "--no-build", "--no-deps", "docker-proxy")
        other.wait_until_healthy(["docker-proxy"])
        assert other.container("docker-proxy")["Id"] != before
        shown = other.run("exec", "-T", "docker-proxy", "ls", "/run/weir")
        assert shown.split() == ["containerd.sock"]
    finally:
        stack.run("up", "--detach", "--no-build", "--no-deps", "docker-proxy")
        stack.wait_until_healthy(SERVICES)


def test_the_services_have_no_way_out(stack):
    """Of those that only read, that is: there is no route to anywhere else."""
    (network,) = json.loads(stack.docker.run("network", "inspect", "weir"))
    assert network["Internal"]


def test_an_engine_that_is_started_anew_is_measured_on(stack):
    before = stack.container("engine-a")["State"]["StartedAt"]
    started = 'changes(llm_container_start_time_seconds{container="weir-engine-a-1"}[5m]) > 0'
    stack.run("restart", "--timeout", "2", "engine-a")
    assert stack.container("engine-a")["State"]["StartedAt"] != before
    waited(stack.docker, "discovery sees it start", started, bool)
    served = 'increase(llm_requests_total{hop="engine",model="llama-3.3-70b",outcome="success"}[20s]) > 0'
    waited(stack.docker, "its requests are answered and counted", served, bool)
    ledger = "sum(llm_requests_started_total) - sum(llm_requests_total) - sum(llm_active_requests)"
    waited(stack.docker, "the ledger adds up", ledger, lambda found: found[0][1] == 0)


def test_rules_are_read_again_without_a_restart(stack, prometheus_settings):
    rule = {"groups": [{"name": "added", "rules": [{"record": "added:by:test", "expr": "vector(42)"}]}]}
    before = stack.container("prometheus")["State"]["StartedAt"]
    (prometheus_settings / "rules/added.yml").write_text(json.dumps(rule))
    stack.run("kill", "--signal", "HUP", "prometheus")
    waited(stack.docker, "the new rule is in force", "added:by:test", lambda found: found == [({"__name__": "added:by:test"}, 42)])
    assert stack.container("prometheus")["State"]["StartedAt"] == before


def test_what_was_measured_outlives_the_containers(stack):
    now = time.time()
    counted = "sum(llm_requests_total{hop='edge'})"
    [(_, before)] = ask(stack.docker, counted, now)
    stack.run("down", "--timeout", "20")
    assert stack.services() == {}
    stack.run("up", "--detach", "--no-build", *SERVICES)
    stack.wait_until_healthy(SERVICES)
    assert ask(stack.docker, counted, now) == [({}, before)]


def test_volumes_are_carried_to_another_place(stack, tmp_path):
    """As compose/README.md says, but that only what has a stand-in is started."""
    text = (Path(__file__).parents[3] / "compose/README.md").read_text()
    backup, restore = re.findall(r"```sh\n([^`]*docker run --rm -v[^`]*)```", text)
    started = " ".join(["--no-build", *SERVICES])
    restore = restore.replace("yaml create", f"yaml create {started}").replace("yaml up -d", f"yaml up -d {started}")
    now = time.time()
    counted = "sum(llm_requests_total{hop='edge'})"
    [(_, before)] = ask(stack.docker, counted, now)
    stack.docker.run("tag", "weir-stand-in/shell", "debian:12.15-slim")
    stack.shell(backup.replace("yaml start", "yaml ps"), tmp_path)
    stack.run("down", "--volumes", "--timeout", "20")
    assert "prometheus" not in stack.docker.run("volume", "ls", "--quiet")
    stack.shell(restore, tmp_path)
    stack.wait_until_healthy(SERVICES)
    assert ask(stack.docker, counted, now) == [({}, before)]
