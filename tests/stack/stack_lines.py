"""Lines as Loki would have them: what programs wrote in the simulated run, with the labels of the shipped stack.alloy.

Of programs that can't be had here there are a few lines, made up in their format.
"""

import loki
from logql import Entry
from test_stack_logs import expression, labels

# Which program's output stands for which container: its service, the name, the stream, and its labels in compose.yaml.
WEIR = {"logs_job": "weir-log"}
ENGINE = {"llm_role": "vllm"}
OUTPUTS = {
    "weir": ("weir", "weir-weir-1", "stderr", WEIR),
    "discovery": ("weir-discovery", "weir-weir-discovery-1", "stderr", WEIR),
    "gpus": ("weir-gpu-exporter-simulated", "weir-weir-gpu-exporter-simulated-1", "stderr", WEIR),
    "engine-llama": ("engine-a", "weir-engine-a-1", "stderr", ENGINE),
    "engine-qwen": ("engine-b", "weir-engine-b-1", "stderr", ENGINE),
    "engine-old": ("engine-c", "weir-engine-c-1", "stderr", ENGINE),
    "page": ("weir-loadtest", "weir-weir-loadtest-1", "stderr", WEIR),
    "benchmark": ("loadtest", "weir-loadtest-run-0123456789ab", "stdout", {"logs_job": "vllm-benchmarks"}),
    "traffic": ("traffic", "weir-traffic-1", "stdout", {"logs_job": "vllm-benchmarks"}),
    "litellm": ("litellm", "weir-litellm-1", "stdout", {"llm_role": "litellm"}),
    "prometheus": ("prometheus", "weir-prometheus-1", "stderr", {}),
    "alertmanager": ("alertmanager", "weir-alertmanager-1", "stderr", {}),
    "node": ("node-exporter", "weir-node-exporter-1", "stderr", {}),
}

# In the formats of vLLM (vllm/logger.py: level, date, file and line; before it the process) and of Grafana (logfmt).
VLLM = """\
(APIServer pid=1) INFO 11-22 10:00:00 [api_server.py:1] vLLM API server version 0.32.0
(EngineCore_DP0 pid=276) INFO 11-22 10:00:30 [kv_cache_utils.py:2] GPU KV cache size: 400,000 tokens
(APIServer pid=1) INFO:     Application startup complete.
(APIServer pid=1) INFO:     172.20.0.5:44312 - "GET /health HTTP/1.1" 200 OK
(APIServer pid=1) INFO:     172.20.0.5:44312 - "POST /v1/chat/completions HTTP/1.1" 200 OK
(EngineCore_DP0 pid=276) ERROR 11-22 10:05:00 [core.py:3] EngineCore encountered a fatal error.
(EngineCore_DP0 pid=276) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
(APIServer pid=1) ERROR 11-22 10:05:01 [async_llm.py:4] EngineDeadError
(APIServer pid=1) INFO:     Shutting down
"""
GRAFANA = 'logger=http.server t=2026-11-22T10:00:00.000000000Z level=info msg="HTTP Server Listen" address=[::]:3000\n'
MADE_UP = {
    ("vllm", "my-vllm", "stderr"): VLLM,
    ("grafana", "weir-grafana-1", "stdout"): GRAFANA,
}


def entries(logs):
    """All of them; `logs` are lines by program."""
    found = [*of_the_access_log(logs["access"])]
    for program, (service, container, stream, own) in OUTPUTS.items():
        found += of_a_container(logs[program], labels(container, stream, com_docker_compose_service=service, **own))
    for (service, container, stream), text in MADE_UP.items():
        found += of_a_container(text.splitlines(), labels(container, stream, com_docker_compose_service=service))
    return found


def of_the_access_log(lines):
    stages = loki.of_alloy(loki.STACK)
    for stream, (_, line, metadata) in filter(None, map(stages.entry, lines)):
        yield Entry(line, stream, metadata)


def of_a_container(lines, stream):
    """As the stages for Python's programs leave them: some dropped, and a traceback is one entry."""
    if stream["job"] in ("vllm-server", "litellm"):
        lines = _joined(line for line in lines if not expression("drop", "expression").search(line))
    return [Entry(line, stream) for line in lines if line]


def _joined(lines):
    first, whole = expression("multiline", "firstline"), []
    for line in lines:
        if first.search(line) or not whole:
            whole.append(line)
        else:
            whole[-1] += "\n" + line
    return whole
