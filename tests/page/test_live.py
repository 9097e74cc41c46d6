"""The live page: figures, tables and charts that move, sources that fall silent, and a run that is under way."""

import pytest
from playwright.sync_api import expect

import reports
from conftest import settle, shoot

TICK = 3000


@pytest.fixture
def live(visitor):
    """A live page whose clock goes as the test says."""

    def opened(**how):
        page = visitor.open("/", wait=False, **how)
        expect(page.locator("#refreshed")).to_contain_text("refreshed")
        return page

    return opened


def reading(page, word):
    return page.locator("#strip .reading").filter(has=page.get_by_text(word, exact=True))


def cells(page, box, row):
    """The texts of a row, by the heads of its table."""
    heads = page.locator(f"#{box} thead th").all_inner_texts()
    line = page.locator(f"#{box} tbody tr").filter(has=page.get_by_role("rowheader", name=row, exact=True))
    return dict(zip([head.strip() for head in heads], line.locator("th, td").all_inner_texts()))


def refreshed(page, times=1):
    """Waits until the page has asked so many times more."""
    for _ in range(times):
        with page.expect_response("**/api/metrics/gpu"):
            pass


def test_figures_with_their_units(live):
    page = live()
    expect(reading(page, "Active requests")).to_contain_text("27")
    expect(reading(page, "Active requests")).to_contain_text("2 waiting in engines")
    expect(reading(page, "Requests")).to_contain_text("15.0 /s")
    # Each model as heavy as its requests: 0.0123 * 8.2 / (8.2 + 4.1 + 2.73).
    expect(reading(page, "Errors")).to_contain_text("0.671 %")
    expect(reading(page, "Slowest first token")).to_contain_text("p95 of mistral-small")
    expect(reading(page, "GPU memory")).to_contain_text("931 GiB")
    expect(reading(page, "GPU utilisation")).to_contain_text("3.92 kW")
    assert cells(page, "gpu", "0") | {"Temperature": "", "Utilisation": ""} == {
        "GPU": "0",
        "Name": "NVIDIA H200",
        "Temperature": "",
        "Utilisation": "",
        "Memory": "110 GiB of 140 GiB",
        "Power": "420 W",
    }
    assert cells(page, "vllm", "llama-3.3-70b")["KV cache"] == "71 %"
    assert cells(page, "vllm", "old-gpt")["State"] == "down"
    settle(page)


def test_what_is_not_known_is_a_dash(live):
    page = live()
    assert cells(page, "gpu", "7")["Temperature"] == "–"
    idle = cells(page, "proxy", "idle")
    assert (idle["Active"], idle["Requests"]) == ("0", "0 /s")
    assert {idle[name] for name in ("Errors", "TTFT p50", "TTFT p95", "ITL p50", "ITL p95", "Output")} == {"–"}
    assert set(list(cells(page, "vllm", "old-gpt").values())[4:]) == {"–"}
    for wrong in ("NaN", "undefined", "null", "Infinity"):
        assert wrong not in page.locator("body").inner_text()


def test_history_grows_and_outlives_a_reload(live, site):
    page = live()
    refreshed(page, 2)
    points = "() => document.querySelector('#gpu-charts .plot').data[0].x.length"
    page.wait_for_function(f"() => ({points})() >= 3")
    before = page.evaluate(points)
    page.reload()
    # The first chart after it has them all.
    page.wait_for_function("() => document.querySelector('#gpu-charts .plot')?.data?.length")
    assert page.evaluate(points) > before
    # The same figures as a table, for those who see no chart.
    figure = page.locator("figure").filter(has_text="GPU temperature")
    figure.get_by_text("As a table").click()
    heads = figure.locator("thead th").all_inner_texts()
    assert heads == ["time", *(f"GPU {number}" for number in range(8))]
    assert figure.locator("tbody tr").count() >= before
    assert "°C" in figure.locator("tbody td").first.inner_text()
    label = figure.locator(".plot").get_attribute("aria-label")
    assert "GPU temperature" in label and "now GPU 0" in label


def test_a_source_that_falls_silent_is_marked_and_its_last_figures_stay(live, site, visitor):
    visitor.expected = ("503",)
    page = live()
    before = cells(page, "gpu", "0")["Memory"]
    site.broken["gpu"] = (503, "asking Prometheus: connection refused")
    problem = page.locator("#gpu-problem")
    expect(problem).to_contain_text("GPUs: stale, since ")
    expect(problem).to_contain_text("connection refused")
    expect(page.locator("#announce")).to_have_text("GPUs: stale")
    assert cells(page, "gpu", "0")["Memory"] == before
    expect(page.locator("#gpu")).to_have_class("stale")
    expect(reading(page, "GPU memory")).to_contain_text("old")
    # Others are not stale.
    expect(page.locator("#vllm-problem")).to_be_empty()
    expect(reading(page, "Active requests")).not_to_contain_text("old")
    # While it is silent, its lines have a gap.
    page.wait_for_function("() => document.querySelector('#gpu-charts .plot').data[0].y.at(-1) === null")
    shoot(page, "live-stale")
    site.broken.clear()
    expect(problem).to_be_empty()
    expect(page.locator("#gpu")).not_to_have_class("stale")
    expect(page.locator("#announce")).to_have_text("GPUs: answers again")


def test_an_answer_with_an_error_and_no_figures_is_stale_too(live, site):
    page = live()
    site.figures["vllm"] = lambda turn: {"engines": []}
    site.broken["vllm"] = "Prometheus has no llm_engine_up"
    expect(page.locator("#vllm-problem")).to_contain_text("Engines: stale, since")
    expect(page.locator("#vllm-problem")).to_contain_text("llm_engine_up")


def test_figures_that_are_not_whole_are_shown_and_it_is_said(live, site):
    site.broken["proxy"] = "one question was refused"
    page = live()
    expect(page.locator("#proxy-problem")).to_contain_text("Proxy, some figures are missing: one question was refused.")
    assert cells(page, "proxy", "llama-3.3-70b")["Active"] == "12"


def names(page, title):
    """The lines of a chart, with their figures."""
    plot = page.locator("figure").filter(has_text=title).locator(".plot")
    return dict(plot.evaluate("plot => (plot.data ?? []).map(({ name, y }) => [name, y])"))


def test_a_line_is_of_one_hop(live, site):
    """A request that passes both hops is counted on both: one line of both would jump where nothing has changed."""
    hop = {"now": "engine"}
    figure = {"engine": 9.0, "edge": 2.0}
    site.figures["proxy"] = lambda turn: {
        "hop": hop["now"], "models": [{"model": "llama", "hop": hop["now"], "active": figure[hop["now"]], "requests_per_second": 1.0}],
    }
    page = live()
    refreshed(page, 2)
    hop["now"] = "edge"
    expect(reading(page, "Active requests")).to_contain_text("2")
    refreshed(page)
    settle(page)
    assert set(names(page, "Active requests")["llama"]) <= {None, 2.0}
    assert names(page, "Active requests")["llama"][-1] == 2.0


def test_without_engines_the_proxy_says_what_the_prefix_cache_hit(live, site):
    site.figures["vllm"] = lambda turn: {"engines": []}
    site.broken["vllm"] = "[loadtest] discovery is \"none\": nobody is asked"
    site.figures["proxy"] = lambda turn: {
        "hop": "edge", "models": [{"model": "llama", "hop": "edge", "active": 1.0, "prefix_cache_hit_ratio": 0.25, "output_tokens_per_second": 5.0}],
    }
    page = live()
    assert cells(page, "proxy", "llama")["Cache hits"] == "25 %"
    settle(page)
    assert names(page, "Prefix cache hits")["llama"][-1] == 0.25
    assert names(page, "Output tokens per second")["llama"][-1] == 5.0


def test_of_what_time_rates_are_is_said(live):
    page = live()
    expect(page.locator("#proxy caption")).to_contain_text("of the last minute")
    expect(page.locator("#vllm caption")).to_contain_text("of the last minute")


def test_a_source_that_never_answered(live, site, visitor):
    visitor.expected = ("503",)
    for source in ("gpu", "vllm", "proxy"):
        site.broken[source] = (503, "there is nobody to ask")
    page = live()
    expect(page.locator("#gpu-problem")).to_contain_text("GPUs: no figures. there is nobody to ask")
    expect(page.locator("#gpu")).to_be_hidden()
    expect(reading(page, "Requests")).to_contain_text("–")
    shoot(page, "live-nothing")


def test_a_run_under_way_is_on_top_with_its_progress(live, site):
    page = live()
    expect(page.locator("article.running")).to_have_count(0)
    running = reports.report(5, name="nightly", ago=0.4, count=120, status="running")
    running["scenario"]["requests"] = 488
    site.add(running)
    article = page.locator("article.running")
    expect(article).to_contain_text("122 of 488 requests")
    assert article.get_by_role("progressbar").evaluate("bar => bar.value") == 0.25
    expect(page.locator("#announce")).to_have_text("Benchmark nightly is running")
    # It moves, and a link that has the focus keeps it.
    article.get_by_role("link", name="nightly").focus()
    running["scenario"]["requests"] = 244
    expect(article).to_contain_text("122 of 244 requests")
    expect(article.get_by_role("link", name="nightly")).to_be_focused()
    settle(page)
    shoot(page, "live")
    running["status"] = "finished"
    expect(article).to_have_count(0)
    expect(page.locator("#announce")).to_have_text("A benchmark has ended")


def test_a_hidden_tab_and_a_pause_ask_for_nothing(live, site):
    page = live()
    page.get_by_role("button", name="Pause").click()
    asked = len(site.asked)
    page.evaluate("() => new Promise((done) => setTimeout(done, 4000))")
    assert len(site.asked) == asked
    page.get_by_role("button", name="Pause").click()
    refreshed(page)
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { value: true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
            return new Promise((done) => setTimeout(done, 500));
        }"""
    )
    asked = len(site.asked)
    page.evaluate("() => new Promise((done) => setTimeout(done, 4000))")
    assert len(site.asked) == asked
    with page.expect_response("**/api/metrics/gpu"):
        page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")


def test_links_to_elsewhere(live, site):
    site.links = {"grafana": "http://127.0.0.1:23000/d/weir", "logs": "javascript:alert(1)", "label_studio": False}
    page = live()
    expect(page.get_by_role("link", name="Grafana")).to_have_attribute("href", "http://127.0.0.1:23000/d/weir")
    # What is no address of the web is no link.
    expect(page.get_by_text("Logs")).to_be_visible()
    expect(page.get_by_role("link", name="Logs")).to_have_count(0)
