"""LiteLLM: its configuration, whose models point at Weir's engine listener, and its process."""

import contextlib
import json
import urllib.request
from pathlib import Path

from processes import Program
from scrape import Scrape

KEY = "sk-real-components"

# The shipped configuration: its models are replaced, its settings count.
SHIPPED = Path(__file__).parents[2] / "config/litellm/config.yaml"

# Coming up takes about 25 seconds of processor time; other things may be running.
COMING_UP = 180.0

ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "LITELLM_MODE": "PRODUCTION",
    # The shipped configuration takes it from here.
    "LITELLM_MASTER_KEY": KEY,
}

# Models that answer as the tests need it: LiteLLM sends the engine this plan along.
PLANNED = {
    "calling": "tool=true",
    "thinking": "tokens=9,reasoning=4",
    "remembering": "prompt=20,cached=8",
    "priced": "prompt=20,cached=8",
}
# US dollars per token, as LiteLLM wants them; weir.py has the same by the million.
PRICES = {
    "priced": {
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 4e-6,
        "cache_read_input_token_cost": 0.25e-6,
    }
}
# Models that fail.
FAILING = {
    "limited": "fault=status:429",
    "overloaded": "fault=status:503",
    "broken": "fault=status:500",
    "locked": "fault=status:401",
    "too-long": "fault=context_length",
    "cut": "tokens=20,gap=5ms,fault=reset_mid_event:5",
    "hung-up": "tokens=20,gap=5ms,fault=close_mid_stream:5",
    "unfinished": "tokens=20,gap=5ms,fault=end_without_finish:5",
    "in-band": "tokens=20,gap=5ms,fault=in_band_error:5",
    "endless": "tokens=5000,gap=10ms",
}

# Models that hear or speak, and the providers by whose rules LiteLLM asks for them.
SOUND = {
    "whisper": "hosted_vllm/whisper",
    "whisper-1": "openai/whisper-1",
    "gpt-4o-transcribe": "openai/gpt-4o-transcribe",
    "gpt-4o-mini-tts": "openai/gpt-4o-mini-tts",
    "gpt-realtime": "openai/gpt-realtime",
}

# How often LiteLLM asks the engine for the model `retried`, which is `broken`.
TRIES = 2


class Gateway:
    """A LiteLLM that is running."""

    def __init__(self, program, url):
        self.program = program
        self.url = url

    def scrape(self):
        request = urllib.request.Request(self.url + "/metrics/", headers={"authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(request, timeout=10) as page:
            return Scrape.of_text(page.read().decode())


def start_gateway(folder_of_program, folder, port, engine_listener):
    """Starts LiteLLM with the models `llama` and `qwen`, and those that fail."""
    configuration = folder / "litellm.yaml"
    configuration.write_text(_configuration(engine_listener))
    command = [folder_of_program / "litellm", "--config", configuration, "--host", "127.0.0.1"]
    command += ["--port", port, "--num_workers", 1, "--telemetry", "False"]
    return Gateway(Program("litellm", command, folder, ENVIRONMENT), f"http://127.0.0.1:{port}")


def wait_until_ready(gateway):
    def alive():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(gateway.url + "/health/liveliness", timeout=5).status == 200

    gateway.program.wait_until("LiteLLM is alive", alive, COMING_UP)


def _configuration(engine_listener):
    def model(name, target, route, **more):
        base = f"{engine_listener}/{route}/v1"
        params = {"model": target, "api_base": base, "api_key": "none", **more}
        return {"model_name": name, "litellm_params": params}

    models = [
        model("llama", "hosted_vllm/llama", "llama"),
        model("qwen", "openai/qwen", "qwen"),
    ]
    models += [model(name, target, "sound") for name, target in SOUND.items()]
    for name, plan in (PLANNED | FAILING).items():
        prices = PRICES.get(name, {})
        models.append(model(name, "hosted_vllm/llama", "llama", extra_headers={"x-sim": plan}, **prices))
    broken = {"x-sim": FAILING["broken"]}
    # LiteLLM insists on compressed answers here.
    packed = {"x-sim": "coding=gzip", "accept-encoding": "gzip, identity;q=0"}
    models += [
        model("packed", "hosted_vllm/llama", "llama", extra_headers=packed),
        model("retried", "hosted_vllm/llama", "llama", extra_headers=broken, num_retries=TRIES - 1),
        # Its counters are nobody else's.
        model("compared", "hosted_vllm/llama", "llama"),
    ]
    settings = SHIPPED.read_text().partition("\nlitellm_settings:\n")[2]
    assert settings, "config/litellm/config.yaml has no litellm_settings after its models"
    router = {"num_retries": 0, "disable_cooldowns": True}
    # JSON is YAML.
    return (
        f"model_list: {json.dumps(models)}\n"
        f"router_settings: {json.dumps(router)}\n"
        f"litellm_settings:\n  num_retries: 0\n{settings}"
    )
