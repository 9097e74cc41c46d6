"""A run with prompts and answers, and the store that keeps it."""

import json
import subprocess

from stack import BINARIES

ID = "20261122T140501-3fa9c2"
MODELS = ("llama", "qwen")
# More than go into one request.
PROMPTS = 60
# Of these, qwen's answer is marked.
GOLD = (1, 4)


def _contents():
    for number in range(PROMPTS):
        for place, model in enumerate(MODELS):
            yield {
                "request": number * len(MODELS) + place,
                "model": model,
                "prompt_number": number,
                "prompt": f"Question {number}:\nwhat is a <b>weir</b>?",
                # Of one of them, more than fits into what databases take for short texts.
                "answer": f"Answer of {model} to {number}.\n\n- “barrier”\n- " + "dam " * (15_000 if number == 2 else 3),
                "gold": model == "qwen" and number in GOLD,
            }


REPORT = {
    "schema": 1,
    "id": ID,
    "name": "nightly",
    "status": "finished",
    "started_at": "2026-11-22T14:05:01Z",
    "ended_at": "2026-11-22T14:05:31Z",
    "written_at": "2026-11-22T14:05:31Z",
    "target": "http://127.0.0.1:9800/",
    "scenario": {"name": "quick", "capture": True},
    "environment": {"weir_version": "0.1.0"},
    "summary": {
        "seconds": 30.0,
        "sent": PROMPTS * len(MODELS),
        "ended": PROMPTS * len(MODELS),
        "cut": 0,
        "not_sent": 0,
        "outcomes": {"success": PROMPTS * len(MODELS)},
        "requests_per_second": 4.0,
        "successes_per_second": 4.0,
        "events": 1000,
        "latencies": {},
    },
    "tester": {},
    "contents": list(_contents()),
}


def imported(folder):
    """The store's file."""
    file, store = folder / "run.json", folder / "runs.db"
    file.write_text(json.dumps(REPORT))
    command = [BINARIES / "weir-loadtest", "runs", "import", file, "--store", store]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return store
