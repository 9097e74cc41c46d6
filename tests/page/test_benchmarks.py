"""The table of runs, and one run."""

import pytest
from playwright.sync_api import expect

import reports
from conftest import settle, shoot

MODELS = ("llama-3.3-70b", "qwen3-32b")


@pytest.fixture
def three(site):
    fast = reports.report(1, name="fast", ago=180, slow=0.5, count=100)
    slow = reports.report(2, name="slow", ago=60, slow=2.0, count=300, failing=0.1, target="http://10.0.0.7:8000")
    ramp = reports.report(3, name="ramp", ago=3000, count=600, stages=(2, 4, 8, 12), models=MODELS)
    site.add(fast, slow, ramp)
    return fast, slow, ramp


def names(page):
    return page.locator("#runs tbody th").all_inner_texts()


def head(page, label):
    return page.locator("#runs").get_by_role("columnheader", name=label)


def test_the_table_says_what_runs_came_to(visitor, three):
    fast, *_ = three
    page = visitor.open("/benchmarks.html")
    assert names(page) == ["slow", "fast", "ramp"]
    expect(page.locator("#many")).to_have_text("3 runs")
    heads = [text.strip() for text in page.locator("#runs thead th").all_inner_texts()]
    line = page.locator("#runs tbody tr").nth(1).locator("th, td").all_inner_texts()
    shown = dict(zip(heads, line))
    assert shown["Status"] == "finished"
    assert shown["Requests"] == "100"
    assert shown["Target"] == fast["target"]
    assert shown["Models"] == "llama-3.3-70b"
    p95 = fast["summary"]["latencies"]["time_to_first_token"]["p95"]
    assert shown["TTFT p95"] == f"{float(f'{p95 * 1000:.3g}'):.0f} ms"
    shoot(page, "benchmarks")


def test_it_is_sorted_by_click_and_by_keyboard(visitor, three):
    page = visitor.open("/benchmarks.html")
    head(page, "TTFT p95").get_by_role("button").click()
    assert names(page)[0] == "slow"
    expect(head(page, "TTFT p95")).to_have_attribute("aria-sort", "descending")
    expect(head(page, "When")).not_to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Enter")
    assert names(page)[::-1][0] == "slow"
    expect(head(page, "TTFT p95")).to_have_attribute("aria-sort", "ascending")
    head(page, "Name").get_by_role("button").focus()
    page.keyboard.press("Space")
    assert names(page) == ["fast", "ramp", "slow"]
    # The address keeps it.
    page.reload()
    settle(page)
    expect(page.locator("#runs tbody th").first).to_have_text("fast")
    assert names(page) == ["fast", "ramp", "slow"]


def test_what_is_not_known_comes_last_either_way(visitor, site, three):
    nothing = reports.report(9, name="nothing", ago=1, status="failed")
    nothing["summary"] = {
        "seconds": 0.0,
        "sent": 4,
        "ended": 0,
        "cut": 4,
        "not_sent": 0,
        "outcomes": {},
        "requests_per_second": 0.0,
        "successes_per_second": 0.0,
        "events": 0,
        "latencies": {},
    }
    nothing["timeline"] = []
    site.add(nothing)
    page = visitor.open("/benchmarks.html")
    for _ in range(2):
        head(page, "TTFT p50").get_by_role("button").click()
        assert names(page)[-1] == "nothing"
    line = page.locator("#runs tbody tr").last
    expect(line).to_have_class("bad")
    assert line.locator("td").all_inner_texts()[-4:] == ["–"] * 4
    page.locator("#runs tbody th").get_by_role("link", name="nothing").click()
    expect(page.locator("h1", has_text="nothing")).to_be_visible()
    settle(page)
    for wrong in ("NaN", "undefined", "null,", "Infinity"):
        assert wrong not in page.locator("#shown").inner_text()


def test_it_is_filtered_by_text(visitor, three):
    page = visitor.open("/benchmarks.html")
    box = page.get_by_role("searchbox", name="Filter")
    box.fill("10.0.0.7")
    assert names(page) == ["slow"]
    expect(page.locator("#many")).to_have_text("1 of 3 runs")
    box.fill("QWEN")
    assert names(page) == ["ramp"]
    page.reload()
    settle(page)
    expect(page.locator("#runs tbody th")).to_have_text(["ramp"])


def test_a_run_under_way_is_renewed_by_itself(visitor, site, three):
    running = reports.report(7, name="nightly", ago=0.2, count=100, status="running")
    running["scenario"]["requests"] = 1000
    site.add(running)
    page = visitor.open(f"/benchmarks.html?run={running['id']}")
    line = page.locator("#runs tbody tr").first
    expect(line).to_contain_text("102 of 1,000 requests")
    expect(page.locator("#shown .reading").first).to_contain_text("100")
    # A choice that was made and a box that has the focus stay.
    page.get_by_label("Show").select_option("duration")
    box = page.get_by_role("region", name="Latencies of successful requests")
    box.focus()
    later = reports.report(7, name="nightly", ago=0.2, count=400, status="running")
    later["scenario"]["requests"] = 1000
    site.runs[0] = later | {"id": running["id"]}
    expect(line).to_contain_text("402 of 1,000 requests")
    expect(page.locator("#shown .reading").first).to_contain_text("400")
    expect(page.get_by_label("Show")).to_have_value("duration")
    expect(box).to_be_focused()
    site.runs[0] |= {"status": "finished"}
    expect(line).to_contain_text("finished")


def test_one_run(visitor, site, three):
    slow = three[1]
    slow["warnings"] = ["The load tester was the bottleneck."]
    site.links = {"trace": "http://127.0.0.1:23000/trace/{trace_id}", "label_studio": False}
    page = visitor.open("/benchmarks.html")
    page.get_by_role("link", name="slow").click()
    expect(page.locator("#title")).to_have_text("slow")
    expect(page.locator("#title")).to_be_focused()
    assert page.url.endswith(f"?run={slow['id']}")
    assert page.title() == "slow · Weir"
    settle(page)
    shown = page.locator("#shown")
    expect(shown).to_contain_text("The load tester was the bottleneck.")
    expect(shown.locator(".plot")).to_have_count(8)
    for title in (
        "Latency",
        "All quantiles",
        "Second by second",
        "Goodput",
        "Outcomes",
        "Beside the proxy",
        "GPUs and energy",
        "Slowest requests",
        "Environment and scenario",
    ):
        expect(shown.get_by_role("heading", name=title, exact=True)).to_be_visible()
    outcomes = shown.get_by_role("region", name="Requests by how they ended").inner_text()
    assert f"success\t{slow['summary']['outcomes']['success']}" in outcomes
    beside = shown.get_by_role("region", name="The load tester and the proxy").inner_text()
    assert "+400 µs" in beside
    # Requests come only when they are asked for.
    assert not any("requests" not in asked and slow["id"] in asked for asked in site.asked)
    shown.get_by_text("Slowest requests of slow").click()
    slowest = max(slow["requests"], key=lambda request: request["duration"])
    first = shown.get_by_role("region", name="Slowest requests of slow").locator("tbody tr").first
    expect(first.locator("th")).to_have_text(str(slowest["number"]))
    trace = first.get_by_role("link", name=slowest["trace_id"][:8])
    expect(trace).to_have_attribute("href", f"http://127.0.0.1:23000/trace/{slowest['trace_id']}")
    shoot(page, "run")
    # Back to the table alone.
    page.go_back()
    expect(page.locator("#title")).to_have_count(0)


def test_a_run_that_is_not_there(visitor):
    visitor.expected = ("404",)
    page = visitor.open("/benchmarks.html?run=20260101T000000-abcdef")
    expect(page.locator("#shown .problem")).to_contain_text("there is no run 20260101T000000-abcdef")
    expect(page.get_by_text("There is no run yet.")).to_be_visible()


def test_a_server_that_fails_is_said_and_mended(visitor, site, three):
    visitor.expected = ("503",)
    site.down = True
    page = visitor.open("/benchmarks.html")
    expect(page.locator("#problem")).to_contain_text("Runs: the store is locked")
    site.down = False
    expect(page.locator("#runs tbody tr")).to_have_count(3)
    expect(page.locator("#problem")).to_be_empty()
