"""Prompts and answers."""

import json

import pytest
from playwright.sync_api import expect

import reports
from conftest import settle, shoot

MODELS = ("llama-3.3-70b", "qwen3-32b")


@pytest.fixture
def run(site):
    run = reports.report(1, name="answers", ago=20, models=MODELS, capture=True, contents=reports.contents(MODELS, 50))
    site.add(run, reports.report(2, name="silent", ago=10))
    return run


def star(page, number):
    return page.locator("article").nth(number).locator(".star")


def test_answers_of_models_stand_side_by_side(visitor, run):
    page = visitor.open("/view_results.html")
    expect(page.locator("#many")).to_have_text("Prompts 1 to 20; 100 answers")
    first = page.locator(".prompt").first
    expect(first).to_contain_text("Why does a weir have a notch? (0)")
    expect(first.locator("article h3")).to_have_text(list(MODELS))
    boxes = [article.bounding_box() for article in first.locator("article").all()]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
    # Reasoning is folded.
    reasoning = first.locator(".reasoning")
    expect(reasoning).to_be_hidden()
    first.get_by_text("Reasoning, 248 characters").click()
    expect(reasoning).to_contain_text("First, what is asked?")
    shoot(page, "answers")


def test_pages(visitor, run):
    page = visitor.open("/view_results.html")
    expect(page.get_by_role("button", name="Previous")).to_be_disabled()
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#many")).to_have_text("Prompts 21 to 40; 100 answers")
    expect(page.locator("#many")).to_be_focused()
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#many")).to_have_text("Prompts 41 to 50; 100 answers")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.reload()
    settle(page)
    expect(page.locator("#many")).to_have_text("Prompts 41 to 50; 100 answers")
    expect(page.locator(".prompt").first).to_contain_text("(40)")


def test_search_and_filters(visitor, run):
    run["contents"][3]["gold"] = True
    page = visitor.open("/view_results.html")
    page.get_by_label("Search").fill("(49)")
    expect(page.locator("#many")).to_have_text("Prompts 1 to 1; 2 answers")
    page.get_by_label("Model").select_option("qwen3-32b")
    expect(page.locator("article")).to_have_count(1)
    page.reload()
    settle(page)
    expect(page.locator("article h3")).to_have_text(["qwen3-32b"])
    page.get_by_label("Search").fill("")
    page.get_by_label("Model").select_option("")
    page.get_by_label("gold only", exact=True).check()
    expect(page.locator("#many")).to_have_text("Prompts 1 to 1; 1 answer")
    expect(star(page, 0)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Search").fill("no such text")
    expect(page.get_by_text("No answer is such as wanted.")).to_be_visible()


def test_stars_by_click_and_by_key(visitor, site, run):
    page = visitor.open("/view_results.html")
    expect(star(page, 0)).to_have_attribute("aria-pressed", "false")
    star(page, 0).click()
    expect(star(page, 0)).to_have_text("★ gold")
    expect(page.locator("#announce")).to_have_text("Marked as gold")
    assert run["contents"][0]["gold"]
    # By keys alone: next answer, star it; and back.
    page.keyboard.press("n")
    expect(star(page, 1)).to_be_focused()
    page.keyboard.press("g")
    expect(star(page, 1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#announce")).to_have_text("Marked as gold")
    # That is what the first one has said, too: the server has to have answered for the second.
    expect(star(page, 1)).not_to_have_attribute("aria-disabled", "true")
    page.keyboard.press("p")
    expect(star(page, 0)).to_be_focused()
    page.keyboard.press("Space")
    expect(star(page, 0)).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#announce")).to_have_text("No longer gold")
    assert [content["gold"] for content in run["contents"][:3]] == [False, True, False]


def test_a_star_that_is_not_kept_is_taken_back(visitor, site, run):
    visitor.expected = ("503",)
    page = visitor.open("/view_results.html")
    site.down = True
    star(page, 0).click()
    expect(star(page, 0)).to_contain_text("failed")
    expect(star(page, 0)).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#announce")).to_have_text("Not marked: the store is locked")


def test_several_runs(visitor, site, run):
    other = reports.report(
        3, name="other", ago=5, models=MODELS, capture=True, contents=reports.contents(MODELS[:1], 3)
    )
    site.add(other)
    page = visitor.open(f"/view_results.html?runs={run['id']}")
    page.get_by_text("Runs", exact=True).click()
    # Runs that kept nothing are not offered.
    expect(page.locator(".picker label")).to_have_count(2)
    page.locator(".picker").get_by_label("other").check()
    expect(page.locator(".prompt").first.locator("article h3")).to_have_text(
        ["llama-3.3-70b other", "llama-3.3-70b answers", "qwen3-32b answers"]
    )
    expect(page.locator("#many")).to_have_text("Prompts 1 to 20; 103 answers")
    assert page.url.endswith(f"?runs={other['id']},{run['id']}")
    # Prompts that only one of them has leave a gap.
    expect(page.locator(".prompt").nth(5).locator(".cell.none")).to_have_count(1)
    expect(page.locator(".exports li")).to_have_count(2)
    shoot(page, "answers-of-two-runs")


def test_downloads_and_label_studio(visitor, site, run):
    site.links = {"label_studio": True}
    run["contents"][0]["gold"] = True
    page = visitor.open("/view_results.html")
    with page.expect_download() as download:
        page.get_by_role("link", name="Whole run (JSON)").click()
    assert json.loads(download.value.path().read_text())["id"] == run["id"]
    assert download.value.suggested_filename == f"{run['id']}-export.json"
    page.get_by_label("only gold answers").check()
    address = lambda name: page.get_by_role("link", name=name).get_attribute("href")
    assert address("Fine-tuning (JSONL)").endswith("/fine-tuning.jsonl?gold=true")
    assert address("Label Studio tasks").endswith("/label-studio.json?gold=true")
    assert address("Whole run (JSON)").endswith("/export.json")
    page.get_by_role("button", name="Push to Label Studio").click()
    expect(page.get_by_role("link", name="1 task pushed")).to_have_attribute("href", "http://127.0.0.1:8080/projects/7")
    assert site.pushed == [(run["id"], True)]
    # Again: nothing is there twice, and it is said.
    page.get_by_role("button", name="Push to Label Studio").click()
    expect(page.get_by_role("link", name="0 tasks pushed, 1 was there")).to_be_visible()


def test_no_label_studio_no_button(visitor, run):
    page = visitor.open("/view_results.html")
    expect(page.get_by_role("link", name="Label Studio tasks")).to_be_visible()
    expect(page.get_by_role("button", name="Push to Label Studio")).to_have_count(0)


def test_nothing_was_kept(visitor, site):
    silent = reports.report(2, name="silent", ago=10)
    site.add(silent)
    page = visitor.open("/view_results.html")
    expect(page.locator("#answers")).to_contain_text("weir-loadtest run --capture")
    page = visitor.open(f"/view_results.html?runs={silent['id']}")
    expect(page.locator("#answers")).to_contain_text("Nothing was kept.")
    expect(page.locator("#answers")).to_contain_text("--capture")


def test_several_turns_and_the_same_prompt_twice(visitor, site):
    kept = reports.contents(("llama",), 1)
    kept.append(kept[0] | {"request": 1, "turn": 1, "prompt": "And then?", "answer": "Then it fell."})
    kept.append(kept[0] | {"request": 2, "answer": "Another answer to the same."})
    site.add(reports.report(1, models=("llama",), capture=True, contents=kept))
    page = visitor.open("/view_results.html")
    expect(page.locator(".prompt h2")).to_have_text(["Prompt 0", "Prompt 0, turn 2"])
    expect(page.locator(".prompt").first.locator("article")).to_have_count(2)


def test_a_long_text_is_folded(visitor, site):
    kept = reports.contents(("llama",), 1)
    kept[0] |= {"answer": "word " * 12_000, "cut": True}
    site.add(reports.report(1, models=("llama",), capture=True, contents=kept))
    page = visitor.open("/view_results.html")
    answer = page.locator("article .answer")
    assert len(answer.inner_text()) < 2000
    page.get_by_role("button", name="Show all 60,000 characters").click()
    assert len(answer.inner_text()) > 59_000
    expect(page.locator("article")).to_contain_text("Cut when it was kept")
