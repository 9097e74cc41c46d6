"""Weir and what it stands in front of, in the simulated stack: engines, their containers, configurations."""

import hashlib

import gateway
import simulated_gateway
from docker_api import Container

# Simulated engines: version, models, and how they answer.
PLAN = "tokens=12,ttft=20ms,gap=4ms"
ENGINES = {
    "llama": ("0.32.0", ["llama"], PLAN),
    "qwen": ("0.10.2", ["qwen", "qwen-alias"], PLAN + ",reasoning=5"),
    "old": ("0.6.6", ["old"], PLAN),
    "sound": ("0.32.0", ["whisper-1", "embed"], PLAN),
    "draft": ("0.32.0", ["draft"], PLAN),
}
# Their containers have the ids that the simulated GPUs are used by (gpu-exporter/src/source/simulate).
GPUS = {"llama": (0, ("0", "1", "2", "3")), "qwen": (1, ("4", "5")), "old": (2, ("6",)), "sound": (3, ("7",))}

# Keys, by their aliases. LiteLLM knows the first, and the second may ask so seldom that it is refused.
KEYS = {"team-a": gateway.KEY, "team-b": "sk-team-b", "litellm": simulated_gateway.KEY_AT_WEIR}

PROXY = """
[proxy]
admin = "127.0.0.1:{admin}"
edge = "127.0.0.1:{edge}"
engine = "127.0.0.1:{engine}"
hop_header = true

[proxy.clients]
metrics = "alias"

[proxy.access_log]
path = "{access_log}"
most_errors = "5/second"

[proxy.discovery]
url = "http://127.0.0.1:{discovery}"

[[proxy.keys]]
alias = "team-a"
sha256 = "{team_a}"

[[proxy.keys]]
alias = "team-b"
sha256 = "{team_b}"
rate = "1/minute"

[[proxy.keys]]
alias = "litellm"
sha256 = "{litellm}"

[[proxy.routes]]
name = "litellm"
hop = "edge"
upstream = "http://127.0.0.1:{gateway}"
models_key_file = "{key_file}"
poll_models = "5s"

[[proxy.routes]]
name = "gone"
upstream = "http://127.0.0.1:9"
models = ["gone"]
poll_models = "0s"
access = "open"

[[proxy.prices]]
model = "llama"
input = 1
output = 4
cached_input = 0.25

[[proxy.prices]]
model = "remembering"
input = 1
output = 4
cached_input = 0.25
"""

DISCOVERY = """
[discovery]
listen = "127.0.0.1:{discovery}"
docker = "unix://{socket}"
interval = "1s"
engine_listeners = ["127.0.0.1:{engine}"]

[[discovery.litellm]]
name = "litellm"
key_file = "{key_file}"
interval = "5s"

[[discovery.langfuse]]
name = "simulated"
url = "{langfuse}"
public_key = "{public_key}"
secret_key_file = "{secret_file}"
interval = "1s"
window = "1m"
lag = "0s"
rereads = 0
"""


def hashes():
    """The keys as the proxy's configuration wants them."""
    return {alias.replace("-", "_"): hashlib.sha256(key.encode()).hexdigest() for alias, key in KEYS.items()}


def containers(ports):
    """All that the scripted Docker has."""
    page = str(ports["other"])
    shown = {"prometheus.io/scrape": "true", "prometheus.io/port": page, "prometheus.io/path": "/metrics"}
    return [
        *(_engine(name, ports) for name in ENGINES),
        # Nobody listens there: one goes on loading, the other ends.
        _other("vllm-loading", "vllm/vllm-openai:v0.32.0", ports["loading"], "vllm", "serve", "large"),
        _other("vllm-failed", "vllm/vllm-openai:v0.32.0", ports["failed"], "vllm", "serve", "larger"),
        _other("litellm", "ghcr.io/berriai/litellm:v1.106.2", ports["gateway"], "litellm"),
        _other("weir-gpu-exporter", "weir-gpu-exporter:0.1.0", ports["gpus"], "weir-gpu-exporter",
               labels={"llm.port": str(ports["gpus"])}),
        _other("label-studio", "heartexlabs/label-studio:1.20.0", ports["other"], "label-studio", labels=shown),
    ]


def _engine(name, ports):
    version, models, _ = ENGINES[name]
    number, gpus = GPUS.get(name, (None, ()))
    id = _id(name) if number is None else f"51a{number:x}" * 16
    command = ("vllm", "serve", models[0], "--served-model-name", *models)
    image = f"vllm/vllm-openai:v{version}"
    return Container(f"vllm-{name}", id, image, ports[name], command, {"llm.route": name}, gpus)


def _other(name, image, port, *command, labels=None):
    return Container(name, _id(name), image, port, command, labels or {})


def _id(name):
    return hashlib.sha256(name.encode()).hexdigest()
