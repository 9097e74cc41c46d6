"""Logs in the stack, as far as they can be told without Alloy and Loki: whose job a line is, what is dropped, and what is one entry.

The rules and the expressions are those of the shipped stack.alloy; what they mean is written down here after Alloy's
documentation (discovery.relabel, stage.drop, stage.multiline). RE2 and Python's expressions agree on those that are used.
"""

import json
import re

import pytest
import yaml

import compose

ALLOY = (compose.ROOT / "config/alloy/stack.alloy").read_text()
META = "__meta_docker_container_"


def rules():
    """The rules of discovery.relabel, in order."""
    [block] = re.findall(r'discovery\.relabel "container" {(.*?)\n}', ALLOY, flags=re.S)
    for text in re.findall(r"rule {(.*?)}", block, flags=re.S):
        rule = dict(re.findall(r"(\w+)\s*= (.+)", text))
        yield {key: json.loads(value) for key, value in rule.items()}


def labels(name, stream="stdout", **container_labels):
    """What becomes of a container's name and labels."""
    known = {META + "name": f"/{name}", META + "log_stream": stream}
    known |= {f"{META}label_{label}": value for label, value in container_labels.items()}
    for rule in rules():
        value = ";".join(known.get(source, "") for source in rule.get("source_labels", []))
        regex = rule.get("regex", "(.*)")
        # It has to match all of the value. A group that is not there is nothing.
        if found := re.fullmatch(regex.removeprefix("(?i)"), value, flags=re.I if regex.startswith("(?i)") else 0):
            group = found[1] if found.re.groups else ""
            known[rule["target_label"]] = rule.get("replacement", "$1").replace("$1", group)
    return {key: value for key, value in known.items() if value and not key.startswith("__")}


def expression(stage, key):
    [found] = re.findall(rf'stage\.{stage} {{[^}}]*?{key}\s*= (".*")\n', ALLOY)
    return re.compile(json.loads(found))


@pytest.mark.parametrize("container, job", [
    (("weir-weir-1", "stdout", {"llm_role": "ignore", "logs_job": "weir-log"}), "weir"),
    (("weir-weir-1", "stderr", {"llm_role": "ignore", "logs_job": "weir-log"}), "weir-log"),
    (("weir-weir-discovery-1", "stderr", {"logs_job": "weir-log"}), "weir-log"),
    (("weir-engine-a-1", "stdout", {"llm_role": "vllm"}), "vllm-server"),
    (("my-VLLM-llama", "stderr", {}), "vllm-server"),
    (("litellm", "stderr", {"llm_role": "litellm"}), "litellm"),
    (("weir-litellm-1", "stderr", {}), "litellm"),
    (("weir-traffic-1", "stdout", {"logs_job": "vllm-benchmarks"}), "vllm-benchmarks"),
    (("vllm-bench", "stdout", {"logs_job": "vllm-benchmarks"}), "vllm-benchmarks"),
    (("weir-grafana-1", "stderr", {}), "containers"),
    (("gateway", "stdout", {"llm_role": "litellm"}), "litellm"),
])
def test_whose_job_a_line_is(container, job):
    name, stream, container_labels = container
    found = labels(name, stream, com_docker_compose_service="a-service", **container_labels)
    assert found == {"job": job, "container": name, "service": "a-service", "stream": stream}


def test_jobs_of_the_stack():
    """By the labels that the services have."""
    jobs = {}
    for name, service in compose.services().items():
        own = {label.replace(".", "_"): value for label, value in service.get("labels", {}).items()}
        jobs[name] = labels(service.get("container_name", f"weir-{name}-1"), "stderr", **own)["job"]
    weir = {name for name in jobs if name == "weir" or name.startswith("weir-")}
    assert {name for name, job in jobs.items() if job == "weir-log"} == weir
    assert {name for name, job in jobs.items() if job == "vllm-server"} == {name for name in jobs if name.startswith("engine-")}
    assert {name: job for name, job in jobs.items() if job not in ("weir-log", "vllm-server", "containers")} == {
        "litellm": "litellm", "traffic": "vllm-benchmarks", "loadtest": "vllm-benchmarks",
    }


def test_logs_are_not_cut_by_a_timeout():
    """Over http:// Alloy ends each stream after its refresh interval."""
    assert set(re.findall(r'host\s*= "(\w+)://', ALLOY)) == {"tcp"}


@pytest.mark.parametrize("line", [
    'INFO:     172.20.0.5:44312 - "GET /health HTTP/1.1" 200 OK',
    '(APIServer pid=1) INFO:     172.20.0.5:44312 - "GET /metrics HTTP/1.1" 200 OK',
    'INFO:     172.20.0.5:44312 - "GET /v1/models HTTP/1.1" 200 OK',
    'INFO:     172.20.0.5:44312 - "GET /metrics/ HTTP/1.1" 200 OK',
    'INFO:     172.20.0.5:44312 - "GET /metrics HTTP/1.1" 307 Temporary Redirect',
    'INFO:     172.20.0.5:44312 - "GET /health/liveliness HTTP/1.1" 200 OK',
    'INFO:     172.20.0.5:44312 - "GET /version HTTP/1.1" 200 OK',
])
def test_what_is_asked_all_the_time_is_dropped(line):
    assert expression("drop", "expression").search(line)


@pytest.mark.parametrize("line", [
    'INFO:     172.20.0.5:44312 - "POST /v1/chat/completions HTTP/1.1" 200 OK',
    'INFO:     172.20.0.5:44312 - "GET /health HTTP/1.1" 503 Service Unavailable',
    'INFO:     172.20.0.5:44312 - "GET /metrics/ HTTP/1.1" 401 Unauthorized',
    'INFO 11-22 10:00:00 [loggers.py:123] Engine 000: Avg prompt throughput: 12.1 tokens/s',
    'ERROR 11-22 10:00:00 [core.py:700] EngineDeadError: GET /health HTTP/1.1 200 was the last',
])
def test_nothing_else_is(line):
    assert not expression("drop", "expression").search(line)


TRACEBACK = """\
INFO 11-22 10:00:00 [api_server.py:1] Starting vLLM API server 0 on http://0.0.0.0:8000
(EngineCore_DP0 pid=276) ERROR 11-22 10:00:01 [core.py:700] EngineCore failed to start.
(EngineCore_DP0 pid=276) Traceback (most recent call last):
(EngineCore_DP0 pid=276)   File "/vllm/v1/engine/core.py", line 690, in run_engine_core
(EngineCore_DP0 pid=276)     raise e
(EngineCore_DP0 pid=276) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
ERROR:    Exception in ASGI application
Traceback (most recent call last):
  File "/uvicorn/protocols/http/h11_impl.py", line 403, in run_asgi
    result = await app(
ValueError: too long
10:00:02 - LiteLLM Proxy:ERROR: common_request_processing.py:1 - Exception
{"message": "as JSON", "level": "ERROR"}
INFO:     172.20.0.5:44312 - "POST /v1/chat/completions HTTP/1.1" 200 OK
"""


def test_a_traceback_is_one_entry():
    first = expression("multiline", "firstline")
    entries = []
    for line in TRACEBACK.splitlines():
        if first.search(line):
            entries.append([])
        entries[-1].append(line)
    assert [len(entry) for entry in entries] == [1, 5, 5, 1, 1, 1]


def test_loki_is_set_up_as_without_containers():
    native, stack = (yaml.safe_load((compose.ROOT / "config/loki" / name).read_text()) for name in ("loki.yml", "stack.yml"))
    assert stack["server"].pop("http_listen_address") == "0.0.0.0" and native["server"].pop("http_listen_address") == "127.0.0.1"
    del stack["server"]["log_level"]
    stack = yaml.safe_load(yaml.safe_dump(stack).replace(": /loki", ": /var/lib/loki"))
    more = stack["limits_config"].keys() - native["limits_config"].keys()
    assert all("rate" in name or "burst" in name for name in more)
    stack["limits_config"] = {name: value for name, value in stack["limits_config"].items() if name not in more}
    assert stack == native


def test_what_loki_would_refuse_for_its_age_is_not_sent():
    """Else all that old containers ever wrote would count as lost on the first day."""
    [age] = re.findall(r'loki\.process "container" {\n(?:\s*//.*\n)*\s*stage\.drop {\s*older_than\s*= "(\d+)h"', ALLOY)
    stack = yaml.safe_load((compose.ROOT / "config/loki/stack.yml").read_text())
    # Loki's default: a week.
    assert "reject_old_samples_max_age" not in stack["limits_config"] and int(age) == 7 * 24


def test_data_is_kept_where_the_volumes_are():
    services = compose.services()
    places = {
        "loki": re.findall(r": (/loki\b\S*)", (compose.ROOT / "config/loki/stack.yml").read_text()),
        "tempo": re.findall(r"path: (/\S+)", (compose.ROOT / "config/tempo/tempo.yml").read_text()),
    }
    for name, paths in places.items():
        [volume] = [mount["target"] for mount in services[name]["volumes"] if mount["type"] == "volume"]
        assert paths and all(path == volume or path.startswith(volume + "/") for path in paths), name
