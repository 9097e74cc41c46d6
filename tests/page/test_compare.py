"""Runs side by side."""

import pytest
from playwright.sync_api import expect

import reports
from conftest import settle, shoot


@pytest.fixture
def two(site):
    before = reports.report(1, name="before", ago=180)
    after = reports.report(2, name="after", ago=60, slow=1.25, failing=0.06)
    site.add(before, after)
    return before, after


def differences(page):
    lines = page.get_by_role("region", name="Difference against A").locator("tbody tr")
    return {line.locator("th").inner_text(): line.locator("td").all_inner_texts() for line in lines.all()}


def test_two_are_chosen_and_compared(visitor, two):
    before, after = two
    page = visitor.open("/benchmarks.html")
    button = page.get_by_role("button", name="Compare", exact=True)
    expect(button).to_be_disabled()
    page.get_by_role("checkbox", name="Compare before").check()
    expect(button).to_be_disabled()
    page.get_by_role("checkbox", name="Compare after").check()
    page.get_by_role("button", name="Compare 2 runs").click()
    expect(page.locator("#title")).to_have_text("2 runs compared")
    expect(page.locator("#title")).to_be_focused()
    assert page.url.endswith(f"?compare={before['id']},{after['id']}")
    settle(page)
    shown = differences(page)
    values = [run["summary"]["latencies"]["time_to_first_token"]["p50"] for run in two]
    part = (values[1] / values[0] - 1) * 100
    cell = shown["Time to first token p50"]
    assert cell[:2] == [f"{value * 1000:.0f} ms" for value in values]
    assert cell[2].startswith("+") and f"(+{part:.1f} %)" in cell[2] and cell[2].endswith("worse")
    success = shown["Success rate"][2]
    assert success.startswith("−") and "points" in success and success.endswith("worse")
    assert shown["Cores of the load tester"][2].endswith("same")
    # Neither better nor worse: that one is better by a word and a sign, and not by colour.
    assert page.locator(".verdict.worse b").first.evaluate("b => getComputedStyle(b, '::before').content") == '"▼ "'
    shoot(page, "compare")


def test_the_difference_has_the_right_direction(visitor, two):
    before, after = two
    page = visitor.open(f"/benchmarks.html?compare={after['id']},{before['id']}")
    shown = differences(page)
    assert shown["Time to first token p50"][2].endswith("better")
    assert shown["Success rate"][2].endswith("better")
    page.get_by_role("button", name="Compare with this one: B before").click()
    expect(page.locator(".compared li a")).to_have_text(["before", "after"])
    settle(page)
    assert differences(page)["Time to first token p50"][2].endswith("worse")
    assert page.url.endswith(f"?compare={before['id']},{after['id']}")


def test_charts_hold_the_figures_of_all(visitor, two):
    page = visitor.open(f"/benchmarks.html?compare={two[0]['id']},{two[1]['id']}")
    figure = page.locator("figure").filter(has_text="Cumulative distribution")
    for index, run in enumerate(two):
        trace = figure.locator(".plot").evaluate(
            f"plot => ({{ x: plot.data[{index}].x, y: plot.data[{index}].y, dash: plot.data[{index}].line.dash }})"
        )
        found = run["summary"]["latencies"]["time_to_first_token"]
        assert trace["x"][0] == found["min"] and trace["x"][-1] == found["max"]
        assert trace["y"][-1] == 1
        median = next(x for x, y in zip(trace["x"], trace["y"]) if y >= 0.5)
        assert found["p50"] <= median <= found["p50"] * 1.06
        assert trace["dash"] == ("solid", "dash")[index]
    page.get_by_label("Show").select_option("inter_token_latency")
    settle(page)
    end = figure.locator(".plot").evaluate("plot => plot.data[0].x.at(-1)")
    assert end == two[0]["summary"]["latencies"]["inter_token_latency"]["max"]
    histogram = page.locator("figure").filter(has_text="Histogram").locator(".plot")
    assert histogram.evaluate("plot => plot.data[0].y.reduce((a, b) => a + b)") == pytest.approx(1)


def test_throughput_against_latency_of_ramps_and_a_point(visitor, site, two):
    ramps = [
        reports.report(seed, name=f"ramp {seed}", ago=900 + seed, count=480, stages=(2, 4, 8, 12)) for seed in (3, 4)
    ]
    site.add(*ramps)
    page = visitor.open(f"/benchmarks.html?compare={ramps[0]['id']},{ramps[1]['id']},{two[0]['id']}")
    chart = page.locator("figure").filter(has_text="Throughput against latency").locator(".plot")
    assert chart.evaluate("plot => plot.data.map((trace) => [trace.x.length, trace.mode])") == [
        [4, "lines+markers"],
        [4, "lines+markers"],
        [1, "markers"],
    ]
    page.get_by_role("combobox", name="Throughput").select_option("wanted")
    page.wait_for_function("plot => plot.data[0].x[0] === 2", arg=chart.element_handle())
    assert chart.evaluate("plot => plot.data[0].x") == [2, 4, 8, 12]
    stages = page.get_by_role("region", name="By stage").inner_text()
    assert "A · 1: 2 /s wanted" in stages and "too much" in stages
    expect(page.locator("#shown")).to_contain_text("The highest rate that met the SLO is 8 /s; 12 /s was too much.")
    shoot(page, "compare-ramps")


def test_environments_say_where_they_differ(visitor, two):
    page = visitor.open(f"/benchmarks.html?compare={two[0]['id']},{two[1]['id']}")
    lines = page.get_by_role("region", name="Where it ran, and what was sent").locator("tbody tr")
    differ = [line.locator("th").inner_text() for line in lines.all() if "differs" in line.inner_text()]
    assert "commit" in differ and "llama-3.3-70b: max_num_seqs" in differ and "host" not in differ


def test_one_of_them_is_gone(visitor, two):
    visitor.expected = ("404",)
    page = visitor.open(f"/benchmarks.html?compare={two[0]['id']},gone,{two[1]['id']}")
    expect(page.locator("#shown .problem")).to_contain_text("there is no run gone")
    expect(page.locator("#title")).to_have_text("2 runs compared")


def test_removing_one_leaves_a_single_run(visitor, two):
    page = visitor.open(f"/benchmarks.html?compare={two[0]['id']},{two[1]['id']}")
    page.get_by_role("button", name="Remove: B after").click()
    expect(page.locator("#title")).to_have_text("before")
    assert page.url.endswith(f"?run={two[0]['id']}")
    expect(page.get_by_role("checkbox", name="Compare after")).not_to_be_checked()
