"""What holds for all pages: accessibility, phones, dark mode, the keyboard, no internet."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import reports
import scripted
from conftest import settle, shoot, unfold

MODELS = ("llama-3.3-70b", "qwen3-32b")
PAGES = {
    "live": "/",
    "benchmarks": "/benchmarks.html",
    "run": "/benchmarks.html?run={0}",
    "compare": "/benchmarks.html?compare={0},{1}",
    "answers": "/view_results.html?runs={0}",
}
LOOKS = {"desk": {}, "dark": {"dark": True}, "phone": {"phone": True}, "phone-dark": {"phone": True, "dark": True}}


@pytest.fixture
def filled(site):
    runs = [
        reports.report(
            seed,
            name=f"run {seed}",
            ago=100 * seed,
            models=MODELS,
            capture=True,
            contents=reports.contents(MODELS, 30),
            warnings=["The load tester was the bottleneck."],
            stages=(2, 4, 8),
        )
        for seed in (1, 2)
    ]
    runs[0]["contents"][0]["gold"] = True
    running = reports.report(5, name="nightly", ago=0.4, count=120, status="running")
    running["scenario"]["requests"] = 500
    site.add(*runs, running, reports.report(6, name="broken", ago=300, status="failed"))
    site.links = {
        "label_studio": True,
        "grafana": "http://127.0.0.1:23000/",
        "trace": "http://127.0.0.1:23000/{trace_id}",
    }
    site.broken["vllm"] = "one question was refused"
    return [run["id"] for run in runs]


def opened(visitor, filled, name, **look):
    page = visitor.open(PAGES[name].format(*filled), **look)
    if name == "live":
        # Charts have lines once there are two moments.
        page.wait_for_function("() => document.querySelector('#gpu-charts .plot')?.data?.[0]?.x.length > 1")
    return page


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(visitor, filled, name, look):
    page = opened(visitor, filled, name, **LOOKS[look])
    shoot(page, f"every-{name}-{look}")
    unfold(page)
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    problems = [
        f"{violation['impact']} {violation['id']}: {violation['help']}: {[node['html'][:120] for node in violation['nodes'][:3]]}"
        for violation in found.response["violations"]
    ]
    assert problems == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("name", ("live", "run"))
def test_charts_follow_a_change_of_the_scheme(visitor, filled, name):
    page = opened(visitor, filled, name)
    colour = "() => document.querySelector('.plot').data[0].line.color"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => ({colour})() !== {light!r}")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(16, 23, 26)"


@pytest.mark.parametrize("name", PAGES)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(visitor, filled, name):
    page = opened(visitor, filled, name)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button:not(:disabled), input, select, summary")]
            .filter((one) => one.checkVisibility({ visibilityProperty: true })).length"""
    )
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page = opened(visitor, filled, name)
    seen = 0
    for _ in range(wanted * 3):
        page.keyboard.press("Tab")
        state = page.evaluate(
            """() => {
                const one = document.activeElement;
                if (one === document.body) return null;
                const first = !one.dataset.seen;
                one.dataset.seen = "yes";
                const style = getComputedStyle(one);
                return { first, outline: style.outlineStyle, box: one.matches(".scroll, pre"), html: one.outerHTML.slice(0, 100) };
            }"""
        )
        if state is None or not state["first"]:
            break
        assert state["outline"] != "none", state["html"]
        seen += not state["box"]
    assert seen >= wanted - 1


def test_pages_lead_to_each_other(visitor, filled):
    page = visitor.open("/")
    for name, title in (("Benchmarks", "Benchmarks · Weir"), ("Answers", "Answers · Weir"), ("Live", "Live · Weir")):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page).to_have_title(title)
        expect(page.get_by_role("navigation").locator("[aria-current=page]")).to_have_text(name)


def test_without_plotly_there_are_tables(visitor, filled):
    visitor.expected = ("ERR_FAILED", "plotly")
    page = visitor.open("/", wait=False)
    page.route("**/plotly.js", lambda route: route.abort())
    page.goto(visitor.url + f"/benchmarks.html?run={filled[0]}")
    expect(page.get_by_text("No chart: plotly.js did not load, so there are only tables.").first).to_be_visible()
    expect(page.locator("figure").first.locator("table")).to_be_visible()


def test_below_a_path(chromium, site, filled):
    """A reverse proxy may serve the page below a path: its addresses are relative."""
    context = chromium.new_context()
    page = context.new_page()
    server = scripted.Server(site)
    try:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        prefix = server.url + "/below"
        page.route(
            "**/below/**",
            lambda route: route.fulfill(response=route.fetch(url=route.request.url.replace("/below/", "/"))),
        )
        page.goto(prefix + "/benchmarks.html")
        expect(page.locator("#runs tbody tr")).to_have_count(4)
        assert all(url.startswith((prefix + "/", "data:")) for url in asked), asked
    finally:
        context.close()
        server.stop()
