"""Answers of a run in a real Label Studio, brought there by the page's button."""

import json

import pytest

import run
from ports import free_ports
from stack import ROOT

NUMBERS = set(range(run.PROMPTS))
OTHER = '<View><Text name="prompt" value="$prompt"/><TextArea name="answer" toName="prompt"/></View>'


@pytest.mark.parametrize("kind", ("legacy", "personal"))
def test_tasks_come_with_their_predictions(studio, page, kind):
    shown = page(f"tasks {kind}", getattr(studio, kind))
    status, said = shown.push()
    [project] = studio.projects(f"tasks {kind}")
    assert (status, said["pushed"], said["already"]) == (200, run.PROMPTS, 0)
    assert said["url"] == f"{studio.url}/projects/{project['id']}/data"
    # A new annotation begins as what was marked.
    assert project["model_version"] == "gold stars"
    assert project["parsed_label_config"].keys() == {"rank", "answer"}

    exported = {task["data"]["prompt_number"]: task for task in json.loads(shown.export())}
    tasks = studio.tasks(project["id"])
    assert tasks.keys() == exported.keys() == NUMBERS
    for number, task in tasks.items():
        assert task["data"] == exported[number]["data"]
        told = [{key: prediction[key] for key in ("model_version", "result")} for prediction in task["predictions"]]
        assert sorted(told, key=repr) == sorted(exported[number]["predictions"], key=repr)
        assert all(prediction["score"] is None for prediction in task["predictions"])

    plain, marked = tasks[0], tasks[run.GOLD[0]]
    assert plain["data"]["prompt"] == run.REPORT["contents"][0]["prompt"]
    assert [answer["title"] for answer in plain["data"]["answers"]] == list(run.MODELS)
    by_version = lambda task: {prediction["model_version"]: prediction["result"] for prediction in task["predictions"]}
    assert by_version(plain).keys() == set(run.MODELS)
    [rank, best] = by_version(marked)["gold stars"]
    [llama, qwen] = marked["data"]["requests"]
    assert rank["value"] == {"ranker": {"_": [str(llama)], "gold": [str(qwen)]}}
    assert best["value"]["text"] == [marked["data"]["answers"][1]["body"]]


def test_whoever_labels_begins_with_the_gold_stars(studio, page):
    page("stream").push(gold_only=True)
    [project] = studio.projects("stream")
    task = studio.ask(f"/api/projects/{project['id']}/next")
    assert task["data"]["prompt_number"] == run.GOLD[0]
    assert [prediction["model_version"] for prediction in task["predictions"]] == ["gold stars"]


def test_what_is_there_is_not_brought_again(studio, page):
    shown = page("twice")
    gold = shown.push(gold_only=True)[1]
    [project] = studio.projects("twice")
    assert (gold["pushed"], gold["already"]) == (len(run.GOLD), 0)
    first = studio.tasks(project["id"])
    assert first.keys() == set(run.GOLD)

    everything, again = shown.push()[1], shown.push()[1]
    assert (everything["pushed"], everything["already"]) == (run.PROMPTS - len(run.GOLD), len(run.GOLD))
    assert (again["pushed"], again["already"]) == (0, run.PROMPTS)
    assert len(studio.projects("twice")) == 1
    tasks = studio.tasks(project["id"])
    assert tasks.keys() == NUMBERS
    assert all(tasks[number]["id"] == first[number]["id"] for number in run.GOLD)


def test_a_project_by_its_id(studio, page):
    page("by its title").push()
    [project] = studio.projects("by its title")
    said = page(project["id"]).push()[1]
    assert (said["pushed"], said["already"]) == (0, run.PROMPTS)


def test_a_project_that_would_not_show_them(studio, page):
    project = studio.make_project("another kind", OTHER)
    words = page("another kind").fails()
    assert f'project {project} of Label Studio' in words and 'has no <Ranker name="rank" toName="answers">' in words
    assert not studio.tasks(project)
    assert "404 Not Found (No Project matches" in page(987654).fails()


@pytest.mark.parametrize("token", ("0" * 40, "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMSJ9.c2lnbmF0dXJl"))
def test_a_wrong_token(studio, page, token):
    words = page("wrong token", token).fails(token)
    assert "it answers 401 Unauthorized (" in words and "nvalid" in words
    assert not studio.projects("wrong token")


def test_legacy_tokens_where_they_are_not_allowed(studio, page):
    shown = page("disabled", studio.legacy)
    with studio.without_legacy_tokens():
        assert "legacy token authentication has been disabled" in shown.fails(studio.legacy)
    assert shown.push()[0] == 200


def test_nobody_is_there(studio, page):
    [port] = free_ports(1)
    words = page("down", url=f"http://127.0.0.1:{port}").fails(studio.personal)
    assert words.startswith(f"Label Studio at http://127.0.0.1:{port}/") and words.endswith("is it running there?")


def test_somebody_else_is_there(studio, page):
    other = page("a page")
    words = page("somebody else", url=other.url).fails(studio.personal)
    assert words.startswith(f"Label Studio at {other.url}/")


def test_the_file_can_be_imported_by_hand(studio, page):
    shown = page("by hand")
    config = (ROOT / "loadtest/src/label_studio/labeling.xml").read_text()
    project = studio.make_project("by hand", config)
    body = b'--weir\r\nContent-Disposition: form-data; name="file"; filename="weir.json"\r\n\r\n'
    body += shown.export() + b"\r\n--weir--\r\n"
    said = studio.ask(f"/api/projects/{project}/import", body, "multipart/form-data; boundary=weir")
    assert (said["task_count"], said["prediction_count"]) == (run.PROMPTS, run.PROMPTS * 2 + len(run.GOLD))
    # It finds these, too.
    pushed = shown.push()[1]
    assert (pushed["pushed"], pushed["already"]) == (0, run.PROMPTS)
