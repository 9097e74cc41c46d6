"""Names, texts and amounts that nobody should have."""

import time

import pytest
from playwright.sync_api import expect

import reports
from conftest import settle, shoot, unfold

EVIL = '<script>window.broken = 1</script><img src=x onerror="window.broken = 1"> &amp; <b>bold</b> %{x} ${y} \u202e"\''
LONG = "a-model-whose-name-has-no-end-" * 20


@pytest.fixture
def evil(site):
    models = (EVIL, LONG)
    kept = reports.contents(models, 3, reasoning=models)
    kept[0] |= {"prompt": EVIL, "answer": EVIL + "\n\x00\ud83d\ude00 مرحبا"}
    runs = [
        reports.report(
            seed,
            name=EVIL if seed == 1 else LONG,
            ago=seed,
            models=models,
            target=EVIL,
            count=60,
            capture=True,
            contents=kept,
            stages=(2, 4),
            warnings=[EVIL],
        )
        for seed in (1, 2)
    ]
    runs[0]["environment"]["labels"] = {EVIL: EVIL, "__proto__": "x"}
    runs[0]["summary"]["outcomes"][EVIL] = 3
    for request in runs[0]["requests"]:
        request["trace_id"] = '"><script>'
    site.add(*runs)
    site.links = {
        "grafana": "javascript:window.broken=1",
        "trace": "javascript:window.broken={trace_id}",
        "label_studio": True,
    }
    site.figures["proxy"] = lambda turn: {"models": [{"model": name, "hop": EVIL, "active": 1.5} for name in models]}
    site.figures["vllm"] = lambda turn: {
        "engines": [{"model": name, "container": LONG, "running": 1e18, "kv_cache_ratio": -3} for name in models]
    }
    site.figures["gpu"] = lambda turn: {
        "gpus": [{"gpu": EVIL, "uuid": "same"}, {"gpu": LONG, "uuid": "same", "power_watts": 0}]
    }
    return runs


PATHS = ("/", "/benchmarks.html", "/benchmarks.html?compare={},{}", "/view_results.html?runs={},{}")


@pytest.mark.parametrize("phone", (False, True), ids=("desk", "phone"))
@pytest.mark.parametrize("path", PATHS)
def test_names_are_texts_and_never_markup(visitor, evil, path, phone):
    page = visitor.open(path.format(*(run["id"] for run in evil)), phone=phone)
    if path == "/":
        page.wait_for_selector("#proxy tbody tr")
        page.wait_for_timeout(3500)  # a second look, with lines
    else:
        expect(page.locator("body")).to_contain_text("<script>window.broken = 1</script>")
    settle(page)
    unfold(page)
    assert page.evaluate("window.broken") is None
    assert page.locator("main script, main img, main b:text-is('bold')").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"hostile-{PATHS.index(path)}-{'phone' if phone else 'desk'}")


def test_ten_thousand_runs(visitor, site):
    one = reports.report(1, count=60)
    site.runs = [one | {"id": f"20260101T000000-{number:06x}", "name": f"run {number}"} for number in range(10_000)]
    page = visitor.open("/benchmarks.html")
    expect(page.locator("#many")).to_have_text("the newest 200 of 10,000 runs")
    for loaded in (400, 600):
        page.get_by_role("button", name="Load older runs").click()
        expect(page.locator("#many")).to_have_text(f"the newest {loaded} of 10,000 runs")
    expect(page.locator("#runs tbody tr")).to_have_count(600)
    page.get_by_role("searchbox").fill("run 599")
    expect(page.locator("#runs tbody tr")).to_have_count(1)


def test_fifty_thousand_requests_and_a_day_of_seconds(visitor, site):
    run = reports.report(1, name="big", count=500)
    run["requests"] = [request | {"number": number} for number, request in enumerate(run["requests"] * 100)]
    run["timeline"] = [second | {"at": float(at)} for at, second in enumerate((run["timeline"] * 2000)[:86_400], 1)]
    site.add(run)
    start = time.monotonic()
    page = visitor.open(f"/benchmarks.html?run={run['id']}")
    page.get_by_text("Slowest requests of big").click()
    expect(page.get_by_text("25 of 50,000 kept requests")).to_be_visible()
    assert time.monotonic() - start < 30
    figure = page.locator("figure").filter(has_text="Requests under way")
    figure.get_by_text("As a table").click()
    expect(figure.locator("caption")).to_contain_text("every 432th of 86,400 rows")
    expect(figure.locator("tbody tr")).to_have_count(200)


def test_a_report_of_nothing_but_what_must_be_there(visitor, site):
    bare = {
        "schema": 1,
        "id": "20260101T000000-000000",
        "name": "",
        "status": "interrupted",
        "started_at": "2026-01-01T00:00:00Z",
        "written_at": "2026-01-01T00:00:00Z",
        "target": "http://127.0.0.1:1",
        "scenario": {},
        "environment": {"weir_version": "0.8.0"},
        "summary": {
            "seconds": 0,
            "sent": 0,
            "ended": 0,
            "cut": 0,
            "not_sent": 0,
            "outcomes": {},
            "requests_per_second": 0,
            "successes_per_second": 0,
            "events": 0,
            "latencies": {},
        },
        "tester": {},
    }
    site.runs = [bare, bare | {"id": "20260101T000000-000001"}]
    for query in ("", "?run=20260101T000000-000000", "?compare=20260101T000000-000000,20260101T000000-000001"):
        page = visitor.open("/benchmarks.html" + query)
        expect(page.locator("#runs tbody tr")).to_have_count(2)
        for wrong in ("NaN", "undefined", "null", "Infinity", "Invalid"):
            assert wrong not in page.locator("main").inner_text(), query
