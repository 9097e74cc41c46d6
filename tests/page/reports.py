"""Reports as `weir-loadtest run` writes them (loadtest/src/report.rs), made up but believable: the same seed gives
the same report."""

import datetime
import math
import random

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
OUTCOMES = ("success", "upstream_error", "rate_limited", "upstream_timeout")


def instant(when):
    return when.isoformat().replace("+00:00", "Z")


def latency(samples):
    """A distribution as reports have it: bounds of the buckets lie 5 % apart."""
    ordered = sorted(samples)
    count = len(ordered)
    mean = sum(ordered) / count
    of = lambda part: ordered[min(count - 1, math.ceil(part * count) - 1)]
    buckets = {}
    for value in ordered:
        step = math.ceil(math.log(value / 1e-6) / math.log(1.05))
        buckets[step] = buckets.get(step, 0) + 1
    return {
        "count": count,
        "mean": mean,
        "stddev": math.sqrt(sum((value - mean) ** 2 for value in ordered) / count),
        "min": ordered[0],
        "p50": of(0.5),
        "p90": of(0.9),
        "p95": of(0.95),
        "p99": of(0.99),
        "p999": of(0.999),
        "max": ordered[-1],
        "buckets": [[1e-6 * 1.05**step, many] for step, many in sorted(buckets.items())],
    }


def requests(random, count, models, rate, slow=1.0, failing=0.01, traces=True, prompts=None):
    """One by one, as they were sent."""
    made = []
    at = 0.0
    for number in range(count):
        at += random.expovariate(rate)
        outcome = "success" if random.random() > failing else random.choice(OUTCOMES[1:])
        first = slow * random.lognormvariate(math.log(0.18), 0.45)
        gap = slow * random.lognormvariate(math.log(0.017), 0.2)
        tokens = random.randint(40, 220)
        request = {
            "number": number,
            "at": at,
            "model": random.choice(models),
            "turn": 0,
            "streamed": True,
            "outcome": outcome,
            "duration": first + gap * (tokens - 1),
            "events": tokens,
        }
        if outcome == "success":
            request |= {
                "http_status": 200,
                "time_to_first_byte": first * 0.9,
                "time_to_first_token": first,
                "time_per_output_token": gap,
                "mean_gap": gap,
                "longest_gap": gap * random.uniform(1.5, 6),
                "input_tokens": random.randint(90, 160),
                "output_tokens": tokens,
                "finish_reason": "stop",
                "good": first < 0.5,
            }
        if traces:
            request["trace_id"] = f"{random.getrandbits(128):032x}"
        made.append(request)
    return made


NAMES = ("time_to_first_token", "time_per_output_token", "time_to_first_byte", "duration")


def figures(made, seconds, slo=None):
    """What a group of requests came to."""
    good = [request for request in made if request["outcome"] == "success"]
    outcomes = {}
    for request in made:
        outcomes[request["outcome"]] = outcomes.get(request["outcome"], 0) + 1
    tokens = lambda name: sum(request[name] for request in good)
    found = {
        "seconds": seconds,
        "sent": len(made) + 2,
        "ended": len(made),
        "cut": 2,
        "not_sent": 0,
        "outcomes": outcomes,
        "requests_per_second": len(made) / seconds,
        "successes_per_second": len(good) / seconds,
        "events": sum(request["events"] for request in made),
        "latencies": {},
    }
    if made:
        found["success_rate"] = len(good) / len(made)
    if good:
        for kind in ("input_tokens", "output_tokens"):
            found[kind] = {"total": tokens(kind), "per_second": tokens(kind) / seconds, "estimated": 0}
        found["latencies"] = {name: latency([request[name] for request in good]) for name in NAMES}
        gaps = [request["mean_gap"] * part for request in good for part in (0.8, 0.9, 1.0, 1.1, 1.3)]
        found["latencies"]["inter_token_latency"] = latency(gaps)
    if slo and made:
        met = sum(bool(request.get("good")) for request in made)
        found["goodput"] = {"slo": slo, "requests": met, "per_second": met / seconds, "share": met / len(made)}
    return found


def timeline(made, seconds):
    lines = []
    for second in range(1, math.ceil(seconds) + 1):
        inside = [request for request in made if second - 1 <= request["at"] + request["duration"] < second]
        good = [request for request in inside if request["outcome"] == "success"]
        line = {
            "at": float(second),
            "sent": sum(second - 1 <= request["at"] < second for request in made),
            "succeeded": len(good),
            "failed": len(inside) - len(good),
            "active": sum(request["at"] < second <= request["at"] + request["duration"] for request in made),
            "events": sum(request["events"] for request in inside),
            "output_tokens": sum(request["output_tokens"] for request in good),
        }
        if good:
            first, gaps = (latency([request[name] for request in good]) for name in ("time_to_first_token", "mean_gap"))
            line |= {"time_to_first_token_p50": first["p50"], "time_to_first_token_p95": first["p95"]}
            line |= {"inter_token_latency_p50": gaps["p50"], "inter_token_latency_p95": gaps["p95"]}
        lines.append(line)
    return lines


def report(
    seed=1,
    name="high-parallelism",
    ago=60.0,
    count=400,
    rate=12.0,
    slow=1.0,
    failing=0.01,
    models=("llama-3.3-70b",),
    target="http://127.0.0.1:9800",
    status="finished",
    stages=(),
    capture=False,
    **more,
):
    """A run that began `ago` minutes ago; `stages`: rates of a ramp."""
    chance = random.Random(seed)
    slo = {"time_to_first_token": "500ms", "share": 0.95}
    made, parts = [], []
    if stages:
        for index, wanted in enumerate(stages):
            part = requests(
                chance, count // len(stages), models, wanted, slow * (1 + (wanted / max(stages)) ** 4), failing
            )
            start = made[-1]["at"] if made else 0.0
            for request in part:
                request |= {"stage": index, "number": len(made), "at": request["at"] + start}
                made.append(request)
            found = figures(part, part[-1]["at"] - start, slo)
            parts.append({"rate": wanted, "good": found["goodput"]["share"] >= 0.95, "figures": found})
    else:
        made = requests(chance, count, models, rate, slow, failing)
    seconds = max(request["at"] + request["duration"] for request in made)
    started = NOW - datetime.timedelta(minutes=ago)
    ended = started + datetime.timedelta(seconds=seconds)
    summary = figures(made, seconds, slo)
    made_report = {
        "schema": 1,
        "id": f"{started:%Y%m%dT%H%M%S}-{seed:06x}",
        "name": name,
        "status": status,
        "started_at": instant(started),
        "ended_at": instant(ended),
        "written_at": instant(ended),
        "target": target,
        "scenario": scenario(name, models, rate, count, stages, slo, capture),
        "environment": environment(seed, models),
        "summary": summary,
        "timeline": timeline(made, seconds),
        "gpus": gpus(summary),
        "proxy": beside(summary),
        "tester": {"cores_used": 0.31, "machine_busy": 0.42},
        "warnings": [],
        "requests": made,
        "contents": [],
    }
    if len(models) > 1:
        of = lambda model: [request for request in made if request["model"] == model]
        made_report["models"] = {model: figures(of(model), seconds, slo) for model in models}
    if parts:
        made_report |= {"stages": parts, "search": {"rate": stages[-2], "too_much": stages[-1]}}
    if status == "running":
        del made_report["ended_at"]
        made_report["written_at"] = instant(datetime.datetime.now(datetime.UTC))
    return made_report | more


def scenario(name, models, rate, count, stages, slo, capture):
    load = {"kind": "open", "rate": rate, "arrivals": "poisson", "max_in_flight": 4096}
    if stages:
        load = {"kind": "stages", "stages": [{"rate": wanted, "for": "30s"} for wanted in stages]}
    return {
        "name": name,
        "description": "Fifty at once, as a busy afternoon has it.",
        "endpoint": "chat_completions",
        "stream": 1.0,
        "models": [{"name": model, "weight": 1.0} for model in models],
        "seed": 1,
        "requests": count,
        "duration": None,
        "warm_up": 10,
        "timeout": "2m",
        "grace": "30s",
        "load": load,
        "prompt": {"tokens": 128, "shared_prefix": 0, "prefix_groups": 1, "file": None},
        "output": {"tokens": 128, "ignore_eos": False},
        "conversation": {"turns": 1, "pause": "0us"},
        "slo": slo,
        "search": None,
        "body": {"temperature": 0.7},
        "headers": {},
        "capture": capture,
    }


def environment(seed, models):
    flags = {
        "gpu_memory_utilization": "0.9",
        "max_num_seqs": str(128 * (1 + seed % 2)),
        "enable_prefix_caching": "true",
    }
    return {
        "weir_version": "0.8.0 (5bd7cfb)",
        "labels": {"change": f"build-{seed}"},
        "commit": f"{seed:07x}",
        "host": "bench-1",
        "cores": 16,
        "engines": [
            {"model": model, "name": "vllm", "version": f"0.11.{seed % 3}", "max_model_len": 32768, "flags": flags}
            for model in models
        ],
        "gpus": {"NVIDIA H200": 8},
    }


def gpus(summary):
    cards = [
        {
            "gpu": str(gpu),
            "uuid": f"GPU-{gpu:08x}-1234-5678-9abc-def012345678",
            "utilisation_mean": 0.6 + gpu / 40,
            "memory_used_bytes_max": 120e9 + gpu * 1e9,
            "memory_total_bytes": 150_754_820_096.0,
            "temperature_celsius_max": 61.0 + gpu,
            "joules": 12_000.0 + 300 * gpu,
        }
        for gpu in range(8)
    ]
    joules = sum(card["joules"] for card in cards)
    tokens = summary.get("output_tokens", {}).get("total")
    return {
        "source": "http://127.0.0.1:23001/",
        "cards": cards,
        "joules": joules,
        **({"joules_per_output_token": joules / tokens} if tokens else {}),
    }


def beside(summary):
    first = summary["latencies"].get("time_to_first_token", {}).get("mean")
    rows = [
        {
            "what": "requests",
            "unit": "",
            "tester": float(summary["ended"]),
            "proxy": float(summary["ended"]),
            "difference": 0.0,
        }
    ]
    if first:
        rows.append(
            {
                "what": "time_to_first_token mean",
                "unit": "s",
                "tester": first,
                "proxy": first - 0.0004,
                "difference": 0.0004,
            }
        )
    rows.append({"what": "duration p99", "unit": "s", "tester": 4.1})
    return {"source": "http://127.0.0.1:9900/metrics", "same_requests": True, "rows": rows}


QUESTIONS = ("Why does a weir have a notch?", "Say in one sentence what a stream is.", "Write a haiku about water.")
ANSWERS = (
    "A notch makes small flows rise enough to be read: the head over the crest tells the flow.",
    "A stream is water that moves between banks, and is never twice the same.",
    "Thin sheet of river\nfalling over the same edge\ncounted, not stopped",
)


def contents(models, prompts=3, reasoning=("qwen3-32b",)):
    """Prompts and answers of these models, each prompt asked of each."""
    made = []
    for number in range(prompts):
        for model in models:
            about = number % len(QUESTIONS)
            content = {
                "request": len(made),
                "model": model,
                "turn": 0,
                "prompt_number": number,
                "prompt": f"{QUESTIONS[about]} ({number})",
                "answer": f"{ANSWERS[about]} So says {model}.",
                "cut": False,
                "gold": False,
            }
            if model in reasoning:
                content["reasoning"] = "First, what is asked? A notch is narrow below and wide above. " * 4
            made.append(content)
    return made
