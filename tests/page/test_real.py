"""The page as `weir-loadtest serve` serves it, with runs that `weir-loadtest run` has made against a simulated
engine."""

import contextlib
import json
import subprocess

import pytest
from playwright.sync_api import expect

import conftest
import scripted
from conftest import settle, shoot
from ports import free_ports
from processes import Program
from waiting import until

LOADTEST = scripted.ROOT / "target/debug/weir-loadtest"
MODELS = ("llama", "qwen")
COMING_UP = 60.0


class Real:
    """A simulated engine, a store of runs, and the page."""

    def __init__(self, folder):
        self.folder = folder
        self.store = folder / "runs.db"
        engine, page = free_ports(2)
        self.engine = f"http://127.0.0.1:{engine}"
        self.url = f"http://127.0.0.1:{page}"
        models = [part for model in MODELS for part in ("--model", model)]
        plan = "tokens=24,reasoning=8,ttft=30ms,gap=5ms"
        self._programs = [
            Program("sim", [LOADTEST, "sim", "--listen", f"127.0.0.1:{engine}", "--plan", plan, *models], folder),
        ]
        self._models = models
        config = folder / "weir.toml"
        config.write_text(
            "[loadtest]\n"
            + "".join(f'{source} = "none"\n' for source in ("proxy", "gpu_exporter", "discovery"))
            + 'trace = "http://127.0.0.1:16686/trace/{trace_id}"\n'
        )
        serve = [LOADTEST, "serve", "--config", config, "--listen", f"127.0.0.1:{page}", "--store", self.store]
        self._programs.append(Program("serve", serve, folder))

    def command(self, *flags):
        every = ["--target", self.engine, "--store", self.store, "--proxy", "none", "--quiet", *self._models]
        return [LOADTEST, "run", *every, *flags]

    def run(self, *flags):
        """Runs to the end. Returns the report."""
        output = self.folder / "report.json"
        command = [str(part) for part in self.command("--output", output, *flags)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(output.read_text())

    def start(self, *flags):
        program = Program("run", self.command(*flags), self.folder)
        self._programs.append(program)
        return program

    def export(self, id):
        command = [LOADTEST, "runs", "--store", self.store, "export", "--contents", id]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)

    def stop(self):
        for program in reversed(self._programs):
            program.stop()

    def wait_until_up(self, playwright):
        asking = playwright.new_context()

        def answers():
            with contextlib.suppress(Exception):
                return asking.request.get(f"{self.url}/health").ok and asking.request.get(f"{self.engine}/v1/models").ok

        until(
            "the page and the engine answer",
            answers,
            COMING_UP,
            lambda: "\n".join(p.log_tail() for p in self._programs),
        )
        asking.close()


@pytest.fixture(scope="module")
def real(tmp_path_factory, chromium):
    real = Real(tmp_path_factory.mktemp("real"))
    try:
        real.wait_until_up(chromium)
        yield real
    finally:
        real.stop()


@pytest.fixture(scope="module")
def finished(real):
    flags = ("--requests", "60", "--concurrency", "6")
    first = real.run(*flags, "--name", "first", "--capture", "--trace", "--label", "change=none")
    return first, real.run(*flags, "--name", "second", "--seed", "7")


@pytest.fixture
def real_visitor(chromium, real):
    visitor = conftest.Visitor(chromium, real.url)
    yield visitor
    visitor.close()


def test_nothing_is_known_yet(real_visitor):
    # Before the fixture of runs: there is no store yet.
    page = real_visitor.open("/benchmarks.html")
    expect(page.get_by_text("There is no run yet.")).to_be_visible()


def test_no_source_of_live_figures(real_visitor):
    real_visitor.expected = ("503",)
    page = real_visitor.open("/", wait=False)
    for source in ("gpu", "vllm", "proxy"):
        expect(page.locator(f"#{source}-problem")).to_contain_text("no figures")
    shoot(page, "real-live")


def test_a_finished_run(real_visitor, finished):
    first, _ = finished
    page = real_visitor.open("/benchmarks.html")
    page.locator("#runs").get_by_role("link", name="first").click()
    expect(page.locator("#title")).to_have_text("first")
    settle(page)
    shown = page.locator("#shown")
    expect(shown.locator(".reading").first).to_contain_text("60")
    expect(shown.get_by_role("region", name="By model").locator("tbody th")).to_have_text(list(MODELS))
    chart = page.locator("figure").filter(has_text="Cumulative distribution").locator(".plot")
    found = first["summary"]["latencies"]["time_to_first_token"]
    assert chart.evaluate("plot => [plot.data[0].x[0], plot.data[0].x.at(-1)]") == [found["min"], found["max"]]
    page.get_by_text("Slowest requests of first").click()
    slowest = max(first["requests"], key=lambda request: request["duration"])
    link = page.get_by_role("region", name="Slowest requests of first").get_by_role("link").first
    expect(link).to_have_attribute("href", f"http://127.0.0.1:16686/trace/{slowest['trace_id']}")
    shoot(page, "real-run")


def test_two_compared(real_visitor, finished):
    page = real_visitor.open(f"/benchmarks.html?compare={finished[0]['id']},{finished[1]['id']}")
    expect(page.locator("#title")).to_have_text("2 runs compared")
    rows = page.get_by_role("region", name="Difference against A").locator("tbody tr")
    expect(rows.filter(has_text="Output tokens per second")).to_contain_text("tok/s")
    differ = page.get_by_role("region", name="Where it ran, and what was sent").locator("tbody tr", has_text="differs")
    expect(differ.filter(has_text="label change")).to_have_count(1)
    shoot(page, "real-compare")


def test_answers_are_starred_in_the_store(real_visitor, real, finished):
    first, _ = finished
    page = real_visitor.open(f"/view_results.html?runs={first['id']}")
    expect(page.locator("#many")).to_contain_text("60 answers")
    expect(page.locator("article").first).to_contain_text("Reasoning,")
    star = page.locator(".star").first
    star.click()
    expect(page.locator("#announce")).to_have_text("Marked as gold")
    gold = [content for content in real.export(first["id"])["contents"] if content["gold"]]
    assert len(gold) == 1
    page.get_by_label("gold only", exact=True).check()
    expect(page.locator("#many")).to_contain_text("1 answer")
    page.get_by_label("only gold answers").check()
    with page.expect_download() as download:
        page.get_by_role("link", name="Fine-tuning (JSONL)").click()
    [line] = download.value.path().read_text().splitlines()
    assert gold[0]["answer"] in json.loads(line)["messages"][-1]["content"]
    shoot(page, "real-answers")


def test_a_run_under_way(real_visitor, real, finished):
    real_visitor.expected = ("503",)
    page = real_visitor.open("/", wait=False)
    run = real.start("--name", "nightly", "--duration", "60s", "--concurrency", "4")
    article = page.locator("article.running")
    expect(article).to_contain_text("Running: nightly")
    expect(article).to_contain_text("of 60 s")
    bar = article.get_by_role("progressbar")
    before = bar.evaluate("bar => bar.value")
    page.wait_for_function("([bar, before]) => bar.value > before", arg=[bar.element_handle(), before])
    shoot(page, "real-live-running")
    article.get_by_role("link", name="nightly").click()
    expect(page.locator("#title")).to_have_text("nightly")
    count = page.locator("#shown .reading .value").first
    before = count.inner_text()
    expect(count).not_to_have_text(before)
    settle(page)
    shoot(page, "real-running")
    run.stop()
    expect(page.locator("#runs tbody tr").filter(has_text="nightly")).to_contain_text("interrupted")
