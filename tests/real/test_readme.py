"""What the README tells people to type, typed."""

import json
import re
import subprocess

import pytest

from ports import free_ports
from processes import Program
from stack import BINARIES, ROOT
from waiting import until

README = (ROOT / "README.md").read_text()


def commands(beginning):
    """The commands of the README's code blocks that begin so, lines that are continued joined."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith(beginning)]


@pytest.fixture
def sidecar(stack, tmp_path):
    """The README's weir-proxy for one upstream, here on free ports and in front of an engine."""
    listen, admin = free_ports(2)
    [command] = [line for line in commands("weir-proxy --upstream") if "127.0.0.1:8000" in line]
    command = command.replace("http://127.0.0.1:8000", stack.engines["llama"].url).split()
    more = ["--listen", f"127.0.0.1:{listen}", "--admin", f"127.0.0.1:{admin}"]
    program = Program("sidecar", [BINARIES / command[0], *command[1:], *more], tmp_path)
    try:
        # The name of a model is a label once the upstream has listed it, a moment after the start.
        listed = lambda: subprocess.run(["curl", "-sf", f"127.0.0.1:{admin}/models"], capture_output=True).stdout
        program.wait_until("the sidecar knows the model", lambda: b'"llama"' in listed(), 20)
        yield lambda line: run(line.replace(":9801", f":{listen}").replace(":9900", f":{admin}"))
    finally:
        # Nothing is under way: SIGTERM ends it at once, and cleanly.
        assert program.stop() == 0, program.log_tail()


def run(line):
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


def test_the_curl_lines(sidecar):
    stream, metrics = [line for line in commands("curl") if ":9445" not in line and ":9901" not in line]
    events = sidecar(stream.replace("your-model", "llama")).split("\n\n")
    assert events[-2] == "data: [DONE]"
    answer = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert "".join(event["choices"][0]["delta"].get("content") or "" for event in answer)
    assert not [event for event in answer if event.get("usage")]

    def counted():
        page = sidecar(metrics)
        assert re.search(r'^llm_requests_total\{.*model="llama",outcome="success".*\} 1$', page, re.MULTILINE)
        assert re.search(r'^llm_tokens_total\{.*kind="output",source="reported".*\} 12$', page, re.MULTILINE)
        return True

    until("the request is counted", counted, 10)


def test_the_gpu_exporter(tmp_path):
    [port] = free_ports(1)
    [command] = commands("weir-gpu-exporter")
    program, *arguments = command.split()
    command = [BINARIES / program, *arguments, "--listen", f"127.0.0.1:{port}"]
    exporter = Program("gpu-exporter", command, tmp_path)
    ready = lambda: subprocess.run(["curl", "-sf", f"127.0.0.1:{port}/ready"], capture_output=True).returncode == 0
    try:
        exporter.wait_until("the GPUs are read", ready, 20)
        [metrics] = [line for line in commands("curl") if ":9445" in line]
        page = run(metrics.replace(":9445", f":{port}"))
        assert len(re.findall(r"^nvidia_gpu_duty_cycle\{", page, re.MULTILINE)) == 8
    finally:
        assert exporter.stop() == 0, exporter.log_tail()


def test_discovery_and_the_proxy(stack, tmp_path):
    discovery_at, admin, engine = free_ports(3)
    [command] = commands("weir-discovery")
    environment = {"WEIR_DISCOVERY__ENGINES": f'[{{name = "llama", url = "{stack.engines["llama"].url}"}}]'}
    discovery = Program(
        "discovery", [BINARIES / command, "--docker", "off", "--listen", f"127.0.0.1:{discovery_at}"], tmp_path, environment
    )
    try:
        [status] = [line for line in commands("curl") if ":9901" in line]
        known = lambda: '"phase":"up"' in run(status.replace(":9901", f":{discovery_at}"))
        until("the engine is known", known, 20)
        [line] = re.findall(r"`(weir-proxy --discovery [^`]+)`", README)
        program, *arguments = line.replace(":9901", f":{discovery_at}").split()
        places = {"WEIR_PROXY__ENGINE": f"127.0.0.1:{engine}", "WEIR_PROXY__ADMIN": f"127.0.0.1:{admin}"}
        proxy = Program("followed", [BINARIES / program, *arguments], tmp_path, places)
        try:
            models = lambda: run(f"curl -s http://127.0.0.1:{engine}/llama/v1/models")
            until("the route is served", lambda: '"llama"' in models(), 20)
        finally:
            assert proxy.stop() == 0, proxy.log_tail()
    finally:
        assert discovery.stop() == 0, discovery.log_tail()


def test_the_scrape_configuration(tmp_path):
    [snippet] = [block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "scrape_configs" in block]
    file = tmp_path / "prometheus.yml"
    file.write_text(snippet)
    run(f"promtool check config {file}")


def test_the_shipped_configuration():
    for daemon in ["weir-proxy", "weir-gpu-exporter", "weir-discovery"]:
        run(f"{BINARIES}/{daemon} --config {ROOT}/config/weir.toml --check")
