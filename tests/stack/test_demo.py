"""`make demo`: both of its listeners, a Prometheus beside it, what that reads, which rules it has, and that nothing is left behind."""

import contextlib
import json
import os
import re
import shutil
import signal
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from processes import Program
from stack import BINARIES
from waiting import until

RULES = Path(__file__).parents[2] / "config/prometheus/rules"
BAD = "groups: [{name: bad, rules: [{record: 'a:b', expr: 'sum(rate(x[5m])'}]}]"
JOBS = {"weir-proxy": 1, "vllm": 2, "weir-gpu-exporter": 1, "prometheus": 1}
DEADLINE = 60


class Demo:
    """A demo that is running, with a folder of its own for temporary files."""

    def __init__(self, folder, *arguments, path=None):
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        command = [BINARIES / "weir-loadtest", "demo", *arguments]
        environment = {"TMPDIR": str(self.temporary)} | ({"PATH": str(path)} if path else {})
        self.program = Program("demo", command, folder, environment)

    def says(self, pattern):
        """Waits until it says what matches."""

        def said():
            return re.search(pattern, self.program.log.read_text(), re.M)

        return self.program.wait_until(f"the demo says {pattern!r}", said, DEADLINE)

    def children(self):
        """Its processes, by the names of their programs."""
        found = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            # It may be gone by now.
            with contextlib.suppress(OSError):
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                if fields["PPid"] == str(self.program.pid):
                    found[Path(os.readlink(status.with_name("exe"))).name] = int(fields["Pid"])
        return found

    def interrupt(self):
        """Ctrl-C, as a script sends it: to the demo alone. Everything has to be gone with it."""
        pids = self.children().values()
        os.kill(self.program.pid, signal.SIGINT)
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        end = until("the demo ends", lambda: os.waitid(os.P_PID, self.program.pid, how), DEADLINE, self.program.log_tail)
        assert (end.si_code, end.si_status) == (os.CLD_EXITED, 0), self.program.log_tail()
        assert "it adds up" in self.program.log.read_text().splitlines()[-1]
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert list(self.temporary.iterdir()) == []


@pytest.fixture
def demo(tmp_path):
    """Starts demos, and ends them."""
    with contextlib.ExitStack() as ending:

        def start(*arguments, **more):
            started = Demo(tmp_path, *arguments, **more)
            ending.callback(started.program.stop)
            return started

        yield start


def asked(prometheus, path, **query):
    url = f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]


def values(prometheus, expression):
    return asked(prometheus, "query", query=expression)["result"]


def test_prometheus_reads_all_of_it_with_the_rules_of_the_stack(demo):
    running = demo("--rules", RULES)
    prometheus = running.says(r"^  prometheus +(\S+), with the rules of (\S+)$")[1]
    questions = re.findall(r"^    (\S.*)$", running.program.log.read_text(), re.M)
    assert len(questions) == 3

    def all_is_there():
        up = {series["metric"]["job"]: int(series["value"][1]) for series in values(prometheus, "sum by (job) (up)")}
        assert up == JOBS
        for question in questions:
            found = values(prometheus, question)
            assert len(found) == 2 and all(float(series["value"][1]) >= 0 for series in found), question
        # Where rules look for what clients get.
        hops = [series["metric"]["hop"] for series in values(prometheus, "hop:llm_clients:info")]
        assert hops == ["engine"], "nobody has asked at the edge"
        return values(prometheus, "weir_kpi_value") and values(prometheus, "nvidia_gpu_duty_cycle")

    until("Prometheus has read everything", all_is_there, DEADLINE, running.program.log_tail)
    groups = asked(prometheus, "rules")["groups"]
    assert {Path(group["file"]).name for group in groups} == {file.name for file in RULES.glob("*.yml")}
    running.interrupt()


def test_rules_that_are_refused_are_said_and_left_out(demo, tmp_path):
    rules = tmp_path / "rules [of mine]"
    rules.mkdir()
    (rules / "bad.yml").write_text(BAD)
    running = demo("--rules", rules)
    said = running.says(r"^  prometheus +(http:\S+), without the rules of (.*), which it refuses: (.*)$")
    assert said[2] == str(rules) and "bad.yml" in said[3] and "unclosed left parenthesis" in said[3]
    running.says("^outcomes since the start")
    assert asked(said[1], "rules")["groups"] == []
    running.interrupt()


@pytest.mark.parametrize("name, called", [("prometheus", "Prometheus"), ("weir-gpu-exporter", "weir-gpu-exporter")])
def test_what_dies_beside_the_demo_does_not_end_it(demo, name, called):
    running = demo()
    running.says("^outcomes since the start")
    os.kill(running.children()[name], signal.SIGKILL)
    running.says(rf"^{called} ended \(signal: 9 \(SIGKILL\)\): .*; the demo goes on without it\.$")
    assert name not in running.children()
    running.interrupt()


def test_what_comes_through_the_edge_is_seen_at_both_hops_and_counted_once(demo):
    running = demo("--no-prometheus")
    edge = running.says(r"^  at the edge +(\S+) +→ a gateway → http://")[1]
    running.says(rf"^\S*weir-loadtest run --scenario high-parallelism --target {edge}( |$)")
    admin = running.says(r"^  metrics +(\S+)$")[1]

    def get(url, **body):
        data = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
            return answer.read().decode()

    listed = [model["id"] for model in json.loads(get(f"{edge}/v1/models"))["data"]]
    assert listed == ["llama-3.3-70b", "qwen3-8b"]
    for model in listed:
        answer = get(f"{edge}/v1/chat/completions", model=model, stream=True, messages=[])
        assert answer.endswith("data: [DONE]\n\n")

    def seen(family, *labels):
        lines = [line for line in get(admin).splitlines() if line.startswith(family + "{")]
        return sum(float(line.split()[-1]) for line in lines if all(f'"{label}"' in line for label in labels))

    until("both hops are joined", lambda: seen("llm_hop_requests_total", "joined") == 2, DEADLINE, running.program.log_tail)
    assert [seen("llm_requests_total", "edge", "success", model) for model in listed] == [1, 1]
    assert seen("llm_requests_started_total", "edge") == 2 < seen("llm_requests_started_total", "engine")
    running.interrupt()
    total, edges, ledger = running.program.log.read_text().splitlines()[-3:]
    assert edges == "Of these, through the edge: 2 started = 2 in outcomes + 0 active: it adds up."
    # In the whole, each of them is one.
    assert int(re.search(r"^Ledger: (\d+)", ledger)[1]) > 2


def test_nothing_is_started_where_nobody_wants_it(demo):
    running = demo("--no-prometheus")
    running.says("^outcomes since the start")
    assert set(running.children()) == {"weir-proxy"}
    assert "rometheus" not in running.program.log.read_text()
    running.interrupt()


def test_where_there_is_no_prometheus_it_says_how_to_get_one(demo, tmp_path):
    path = tmp_path / "bin"
    path.mkdir()
    # The demo ends its programs by it.
    (path / "sh").symlink_to(shutil.which("sh"))
    running = demo("--rules", RULES, path=path)
    running.says("^  prometheus +not here: apt-get install prometheus, or name one with --prometheus PATH$")
    running.says("^outcomes since the start")
    running.interrupt()
