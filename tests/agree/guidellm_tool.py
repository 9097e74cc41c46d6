"""guidellm: how it is run, and which of its words is which of ours."""

import json

import prompts
import tool
from figures import Figures
from stack import ROOT

BIN = ROOT / ".venv/guidellm/bin"
# Ours: its own, and how many milliseconds its unit has. It has no word for our ITL.
LATENCIES = {
    "ttft": ("time_to_first_token_ms", 1),
    "first_answer": ("time_to_first_output_token_ms", 1),
    "tpot": ("inter_token_latency_ms", 1),
    "duration": ("request_latency", 1000),
}
RATES = {"requests_per_second": "requests_per_second", "tokens_per_second": "output_tokens_per_second"}


def has(word):
    return word in LATENCIES or word in RATES


def run(case, url, folder, seconds):
    load = f"kind=concurrent,streams={case.concurrency}"
    if case.rate:
        load = f"kind=constant,rate={case.rate}"
    file = prompts.write(folder / "prompts.jsonl", "prompt", case.requests)
    command = [BIN / "guidellm", "run", "--backend", f"kind=openai_http,target={url},model=tiny", "--profile", load]
    command += ["--constraint", f"kind=max_requests,count={case.requests}", "--data", f"kind=json_file,path={file}"]
    command += ["--output", f"kind=json,path={folder / 'out.json'}", "--disable-console"]
    tool.run(command, folder, seconds)
    return read(case, folder / "out.json")


def read(case, file):
    [said] = json.loads(file.read_text())["benchmarks"]
    metrics = {name: by.get("successful") for name, by in said["metrics"].items() if isinstance(by, dict)}
    words = {word: own for word, own in LATENCIES.items() if case.has(word)}
    return Figures(
        requests=said["metrics"]["request_totals"]["successful"],
        input_tokens=metrics["prompt_token_count"]["total_sum"],
        output_tokens=metrics["output_token_count"]["total_sum"],
        medians={word: metrics[name]["median"] * unit for word, (name, unit) in words.items()},
        means={word: metrics[name]["mean"] * unit for word, (name, unit) in words.items()},
        rates={word: metrics[name]["mean"] for word, name in RATES.items()},
        records=said["requests"]["successful"],
    )
