"""The load tester before the proxy: both measure the same requests with the same meter, and what they say has to agree."""

import contextlib
import json
import subprocess
import urllib.request

import pytest

from engines import start_engine, wait_until_ready
from gpus import MODELS, running_gpus
from ports import free_ports
from processes import Program
from stack import BINARIES

# The first token after 60 ms, then one every 8 ms.
PLAN = "tokens=32,prompt=50,ttft=60ms,gap=8ms"
# Two means of the same requests, on a machine that has other things to do. How close they are on a quiet one, AGREEMENT.md
# has (`make agree`).
CLOSE = {"time_to_first_token": 0.1, "inter_token_latency": 0.01, "time_per_output_token": 0.01, "duration": 0.1}
MODEL = "large"
# So long, that the GPUs are scraped a few times.
SECONDS = 6
SCENARIOS = ["chat", "high-parallelism", "long-prompts", "mixed", "open-loop", "quick", "ramp", "sequential-workers"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("loadtest")


@pytest.fixture(scope="module")
def engine(folder):
    (port,) = free_ports(1)
    engine = start_engine(BINARIES / "weir-loadtest", folder, port, "loaded", [MODEL], "0.32.0", PLAN)
    try:
        wait_until_ready(engine)
        yield engine
    finally:
        engine.program.stop()


@pytest.fixture(scope="module")
def proxy(folder, engine):
    """(where requests go, where its metrics are)"""
    listen, admin = (f"127.0.0.1:{port}" for port in free_ports(2))
    command = [BINARIES / "weir-proxy", "--upstream", engine.url, "--listen", listen, "--admin", admin]
    program = Program("proxy-loaded", command, folder)

    def ready():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://{admin}/ready", timeout=5).status == 200

    try:
        program.wait_until("the proxy is ready", ready, 20)
        yield f"http://{listen}", f"http://{admin}"
    finally:
        program.stop()


def run(folder, proxy, *arguments):
    """What `weir-loadtest run` reports."""
    target, admin = proxy
    output = folder / "run.json"
    command = [BINARIES / "weir-loadtest", "run", "--target", target, "--proxy", admin, "--no-store", "--quiet"]
    command += ["--output", output, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


def test_the_proxy_says_the_same(folder, proxy):
    report = run(folder, proxy, "--requests", "60", "--concurrency", "6", "--warm-up", "6")
    beside = report["proxy"]
    assert beside["same_requests"], beside
    rows = {row["what"]: row for row in beside["rows"]}
    counts = [name for name, row in rows.items() if row["unit"] != "s" and "inter_token" not in name]
    assert {"requests", "requests success", "output tokens", "content events"} <= set(counts)
    assert all(rows[name]["difference"] == 0 for name in counts), rows
    assert rows["requests"]["tester"] == 60
    for word, close in CLOSE.items():
        row = rows[f"{word} mean"]
        assert abs(row["difference"]) < close, row
    # The engine is never faster than it is told to be.
    assert report["summary"]["latencies"]["time_to_first_token"]["min"] > 0.059


@pytest.mark.parametrize("endpoint", ["chat_completions", "completions", "responses", "messages"])
def test_every_api_is_understood(folder, proxy, endpoint):
    scenario = folder / f"{endpoint}.toml"
    scenario.write_text(f'endpoint = "{endpoint}"\nstream = 0.5\nrequests = 12\nload = {{ kind = "closed", concurrency = 3 }}\n')
    report = run(folder, proxy, "--scenario", scenario, "--capture")
    assert report["summary"]["outcomes"] == {"success": 12}
    assert report["summary"]["output_tokens"] == {**report["summary"]["output_tokens"], "total": 12 * 32, "estimated": 0}
    assert {request["streamed"] for request in report["requests"]} == {True, False}
    assert all(content["answer"] for content in report["contents"]), report["contents"]
    assert report["proxy"]["same_requests"], report["proxy"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_shipped_scenario_runs(folder, proxy, scenario):
    report = run(folder, proxy, "--scenario", scenario, "--requests", "12")
    assert report["summary"]["outcomes"] == {"success": 12}


def test_the_energy_of_a_run(folder, proxy, tmp_path):
    with running_gpus(BINARIES / "weir-gpu-exporter", tmp_path) as gpus:
        arguments = ["--duration", f"{SECONDS}s", "--concurrency", "2", "--prometheus", gpus.prometheus.url]
        report = run(folder, proxy, *arguments)
        # The GPUs of the model that was asked for, by its container.
        cards = report["gpus"]["cards"]
        assert len(cards) == MODELS[MODEL].gpus, report
        for card in cards:
            (sample,) = gpus.prometheus.ask(
                f'avg_over_time(nvidia_gpu_power_usage_milliwatts{{gpu="{card["gpu"]}"}}[{SECONDS}s]) / 1000'
            )
            watts = card["joules"] / report["summary"]["seconds"]
            assert abs(watts / sample[1] - 1) < 0.25, (card, sample)
            assert 0 < card["utilisation_mean"] <= 1
            assert 0 < card["memory_used_bytes_max"] < card["memory_total_bytes"]
        tokens = report["summary"]["output_tokens"]["total"]
        joules = sum(card["joules"] for card in cards)
        assert report["gpus"]["joules"] == pytest.approx(joules)
        assert report["gpus"]["joules_per_output_token"] == pytest.approx(joules / tokens)
