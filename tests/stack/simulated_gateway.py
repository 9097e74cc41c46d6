"""A real LiteLLM with the shipped settings, whose models are those of the simulated engines; some of them fail."""

import json

import gateway
from processes import Program

# Names of clients, the model that LiteLLM asks for, and the route of Weir's engine listener.
MODELS = {
    "llama": ("hosted_vllm/llama", "llama"),
    "qwen": ("hosted_vllm/qwen", "qwen"),
    "old": ("openai/old", "old"),
    "embed": ("hosted_vllm/embed", "sound"),
    "whisper-1": ("openai/whisper-1", "sound"),
}
# Models that answer as the engine is told by a header.
PLANNED = {
    "remembering": "prompt=20,cached=8",
    "thinking": "tokens=20,reasoning=8",
    "limited": "fault=status:429",
    "overloaded": "fault=status:503",
    "broken": "fault=status:500",
    "late": "fault=status:504",
    "locked": "fault=status:401",
    "too-long": "fault=context_length",
    "cut": "tokens=20,gap=5ms,fault=reset_mid_event:5",
    "unfinished": "tokens=20,gap=5ms,fault=end_without_finish:5",
    "in-band": "tokens=20,gap=5ms,fault=in_band_error:5",
    "endless": "tokens=5000,gap=10ms",
    "slow": "tokens=30,ttft=1200ms,gap=20ms",
}
# LiteLLM knows what this one costs, and says so in the head of whole answers.
PRICED = {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6}
# Where these fail, LiteLLM asks the next; one of them fails as well.
FALLBACKS = [{"falling": ["llama"]}, {"lost": ["broken"]}]

# What it shows Weir's engine listener.
KEY_AT_WEIR = "sk-litellm-at-weir"


def start(folder_of_program, folder, port, engine_listener):
    """Starts LiteLLM in front of Weir's engine listener."""
    configuration = folder / "litellm.yaml"
    configuration.write_text(_configuration(engine_listener))
    command = [folder_of_program / "litellm", "--config", configuration, "--host", "127.0.0.1"]
    command += ["--port", port, "--num_workers", 1, "--telemetry", "False"]
    program = Program("litellm", command, folder, gateway.ENVIRONMENT)
    return gateway.Gateway(program, f"http://127.0.0.1:{port}")


def _configuration(engine_listener):
    def model(name, target, route, plan="", **more):
        headers = {"extra_headers": {"x-sim": plan}} if plan else {}
        base = f"{engine_listener}/{route}/v1"
        params = {"model": target, "api_base": base, "api_key": KEY_AT_WEIR, **headers, **more}
        return {"model_name": name, "litellm_params": params}

    models = [model(name, target, route) for name, (target, route) in MODELS.items()]
    models += [model(name, "hosted_vllm/llama", "llama", plan) for name, plan in PLANNED.items()]
    models += [
        model("priced", "hosted_vllm/llama", "llama", **PRICED),
        model("falling", "hosted_vllm/llama", "llama", "fault=status:500"),
        model("lost", "hosted_vllm/llama", "llama", "fault=status:500"),
        model("old-remembering", "openai/old", "old", "prompt=20,cached=8"),
        model("retried", "hosted_vllm/llama", "llama", "fault=status:500", num_retries=1),
    ]
    settings = gateway.SHIPPED.read_text().partition("\nlitellm_settings:\n")[2]
    assert settings, "config/litellm/config.yaml has no litellm_settings after its models"
    # What fails is asked for again and again, and is to fail each time.
    router = {"num_retries": 0, "fallbacks": FALLBACKS, "cooldown_time": 1, "allowed_fails": 3}
    # JSON is YAML.
    return (
        f"model_list: {json.dumps(models)}\n"
        f"router_settings: {json.dumps(router)}\n"
        f"litellm_settings:\n  num_retries: 0\n{settings}"
    )
