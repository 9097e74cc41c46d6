"""What the live page is told: believable, and moving."""

import math

MODELS = ("llama-3.3-70b", "qwen3-32b", "mistral-small")


def gpu(turn):
    cards = [
        {
            "gpu": str(number),
            "uuid": f"GPU-{number}",
            "name": "NVIDIA H200",
            "up": 1,
            "temperature_celsius": 58.0 + 2 * number + 3 * math.sin(turn / 5 + number),
            "memory_used_bytes": 118e9 + 2e9 * number,
            "memory_total_bytes": 150_754_820_096.0,
            "utilisation": 0.5 + 0.05 * number + 0.1 * math.sin(turn / 3 + number),
            "power_watts": 420.0 + 20 * number,
        }
        for number in range(8)
    ]
    # A card that can't tell how hot it is.
    del cards[7]["temperature_celsius"]
    return {"source": "Prometheus http://127.0.0.1:23001/", "at": "2026-11-22T14:05:01Z", "gpus": cards}


def vllm(turn):
    engines = [
        {
            "model": model,
            "container": f"vllm-{model}",
            "version": "0.11.0",
            "running": 12 - 3 * number,
            "waiting": 2 if number == 0 else 0,
            "kv_cache_ratio": 0.71 - 0.2 * number,
            "prefix_cache_hit_ratio": 0.42 + 0.1 * number + 0.05 * math.sin(turn / 4),
            "prompt_tokens_per_second": 2400.0 / (number + 1),
            "generation_tokens_per_second": 1830.0 / (number + 1) * (1 + 0.1 * math.sin(turn / 3)),
            "up": 1,
        }
        for number, model in enumerate(MODELS)
    ]
    engines.append({"model": "old-gpt", "container": "vllm-old", "version": "0.6.3", "up": 0})
    return {"engines": engines}


def proxy(turn):
    models = [
        {
            "model": model,
            "hop": "edge",
            "active": 12.0 - 3 * number,
            "requests_per_second": 8.2 / (number + 1),
            "error_ratio": 0.0 if number else 0.0123,
            "time_to_first_token_p50": 0.18 * (number + 1),
            "time_to_first_token_p95": 0.41 * (number + 1) * (1 + 0.2 * math.sin(turn / 4)),
            "inter_token_latency_p50": 0.0171,
            "inter_token_latency_p95": 0.0312,
            "output_tokens_per_second": 1800.0 / (number + 1),
        }
        for number, model in enumerate(MODELS)
    ]
    # Nobody asks for it: its latencies are not known.
    models.append({"model": "idle", "hop": "edge", "active": 0.0, "requests_per_second": 0.0})
    return {"models": models}


FIGURES = {"gpu": gpu, "vllm": vllm, "proxy": proxy}
