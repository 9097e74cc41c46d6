"""aiperf: how it is run, and which of its words is which of ours."""

import json
from pathlib import Path

import prompts
import tool
from figures import Figures
from stack import ROOT

BIN = ROOT / ".venv/aiperf/bin"
# Ours: its own.
LATENCIES = {
    "ttft": "time_to_first_token",
    "first_answer": "time_to_first_output_token",
    "itl": "inter_chunk_latency",
    "tpot": "inter_token_latency",
    "duration": "request_latency",
}
RATES = {"requests_per_second": "request_throughput", "tokens_per_second": "output_token_throughput"}


def has(word):
    return word in LATENCIES or word in RATES


def run(case, url, folder, seconds):
    trained = folder / "tokenizer"
    tool.run([BIN / "python", "-I", Path(__file__).parent / "train_tokenizer.py", trained], folder, 60)
    load = ["--concurrency", case.concurrency]
    if case.rate:
        load = ["--request-rate", case.rate, "--arrival-pattern", "constant"]
    command = [BIN / "aiperf", "profile", "--model", "tiny", "--url", url, "--endpoint-type", "chat", "--streaming"]
    command += ["--input-file", prompts.write(folder / "prompts.jsonl", "text", case.requests)]
    command += ["--custom-dataset-type", "single_turn", "--request-count", case.requests, *load]
    command += ["--use-server-token-count", "--tokenizer", trained, "--artifact-dir", folder / "out"]
    command += ["--ui", "none", "--no-gpu-telemetry", "--no-server-metrics"]
    tool.run(command, folder, seconds)
    return read(case, folder / "out")


def read(case, folder):
    said = json.loads((folder / "profile_export_aiperf.json").read_text())
    assert said["is_complete"] and not said["error_summary"], said["error_summary"]
    words = {word: name for word, name in LATENCIES.items() if case.has(word)}
    records = map(json.loads, (folder / "profile_export.jsonl").read_text().splitlines())
    return Figures(
        requests=said["request_count"]["avg"],
        input_tokens=said["total_usage_prompt_tokens"]["avg"],
        output_tokens=said["total_usage_completion_tokens"]["avg"],
        medians={word: said[name]["p50"] for word, name in words.items()},
        means={word: said[name]["avg"] for word, name in words.items()},
        rates={word: said[name]["avg"] for word, name in RATES.items()},
        records=[{name: metric["value"] for name, metric in record["metrics"].items()} for record in records],
    )
