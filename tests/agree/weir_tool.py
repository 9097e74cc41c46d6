"""weir-loadtest: how it is run, and where its report has which word."""

import json

import prompts
import tool
from figures import Figures
from stack import BINARIES

LATENCIES = {
    "ttft": "time_to_first_token",
    "first_answer": "time_to_first_answer_token",
    "itl": "inter_token_latency",
    "tpot": "time_per_output_token",
    "duration": "duration",
}
RATES = {
    "requests_per_second": lambda summary: summary["requests_per_second"],
    "tokens_per_second": lambda summary: summary["output_tokens"]["per_second"],
}
SCENARIO = """
models = [{{ name = "tiny" }}]
requests = {requests}
load = {load}
prompt.file = "{prompts}"
output.tokens = 1000
"""


def has(word):
    return word in LATENCIES or word in RATES


def run(case, url, folder, seconds):
    load = f'{{ kind = "closed", concurrency = {case.concurrency} }}'
    if case.rate:
        load = f'{{ kind = "open", rate = {case.rate:.1f}, arrivals = "constant" }}'
    file = prompts.write(folder / "prompts.jsonl", "prompt", case.requests)
    scenario = folder / "agree.toml"
    scenario.write_text(SCENARIO.format(requests=case.requests, load=load, prompts=file))
    command = [BINARIES / "weir-loadtest", "run", "--target", url, "--scenario", scenario]
    command += ["--output", folder / "out.json", "--quiet"]
    tool.run(command, folder, seconds)
    return read(case, folder / "out.json")


def read(case, file):
    said = json.loads(file.read_text())
    assert said["status"] == "finished", said["status"]
    summary = said["summary"]
    words = {word: summary["latencies"][name] for word, name in LATENCIES.items() if case.has(word)}
    return Figures(
        requests=summary["outcomes"]["success"],
        input_tokens=summary["input_tokens"]["total"],
        output_tokens=summary["output_tokens"]["total"],
        medians={word: latency["p50"] * 1000 for word, latency in words.items()},
        means={word: latency["mean"] * 1000 for word, latency in words.items()},
        rates={word: find(summary) for word, find in RATES.items()},
        records=said["requests"],
    )
