"""Where to look first, and from where each other board is one click away.

The tiles and the first chart are of all requests of the hop; the tables say of which model, engine or container.
"""

from alerts import SEVERITIES, SEVERITY_LIMITS, how_many, severity
from board import Board
from links import cell, label, to_board, to_traffic_of
from panels import (
    GREEN,
    GREY,
    ORANGE,
    RED,
    Column,
    Query,
    Stat,
    StateTimeline,
    Table,
    Timeseries,
    limits,
    names,
)
from queries import REQUESTS, TRANSPORT, at_the_edge, engines_down, failures, quantile, rate, with_short_id
from variables import HOP, MODEL, ROUTE

# Chosen as the hop; nothing else.
EDGE_IS_CHOSEN = 'llm_active_requests{hop="edge",hop="$hop"}'

ONE = "container, container_id"
LOADING = 'llm_container_state{state="loading"} == 1'
UP_OR_LOADING = with_short_id(
    f"max by ({ONE}) ({LOADING} and on (container_id) llm_engine_up) * 2 or max by ({ONE}) (llm_engine_up)"
)
STATES = names(_0=("down", RED), _1=("up", GREEN), _2=("loading", ORANGE))


def under_their_names(by_model, operator="sum"):
    """A vector by an engine's `model`, for the models that the board shows, under the names that are asked for at its hop:
    at the edge what LiteLLM calls it, else its own."""
    asked_for = f"sum by (model) (present_over_time(llm_requests_started_total{{{REQUESTS}}}[$__range]))"
    called_so = f"{at_the_edge(by_model, operator)} and on () {EDGE_IS_CHOSEN}"
    return f"({called_so} or on (model) {by_model}) and on (model) {asked_for}"


def changed(what, expression):
    """Says of each series what it is that has changed."""
    return f'label_replace({expression}, "change", "{what}", "", "")'


TILES = [
    Stat(
        "How many engines are down?",
        "llm_engine_up of discovery, 0 where an engine does not answer; but for those that still load (llm_container_state). "
        "No value: discovery is not scraped, or has found no engine.",
        [engines_down()],
        thresholds=limits((1, RED)),
        links=[to_board("weir-vllm", "vLLM engines")],
        nothing="No engine is known",
    ),
    Stat(
        "Do requests succeed?",
        "llm_requests_total: successes of all that ended as success or error. What clients did (left, asked wrongly, "
        "too often) is in neither part. An answer that broke off after its status 200 is an error here.",
        [f"1 - {failures()}"],
        unit="percentunit",
        decimals=2,
        thresholds=limits((0.99, ORANGE), (0.999, GREEN), from_below=RED),
        links=[to_board("weir-slo", "SLO and alerts")],
        nothing="Nothing has ended",
    ),
    Stat(
        "Is the first token fast (p95)?",
        "The p95 of llm_time_to_first_token_seconds, of streams that had one. Red above the target, slo:target:seconds, which "
        "config/prometheus/rules/slo.yml sets; blue or green below it.",
        [Query(quantile(0.95, "llm_time_to_first_token_seconds", REQUESTS), "p95")],
        unit="s",
        limit_from='slo:target:seconds{slo="ttft"}',
        links=[to_board("weir-llm-traffic", "LLM traffic", keep=("hop", "route", "model"))],
        nothing="No stream had a token",
    ),
    Stat(
        "Are streams smooth (p95)?",
        "The p95 of llm_inter_token_latency_seconds, between events with content. Several events that come at once are no gaps "
        "of 0; gaps while the client could not take bytes are left out.",
        [quantile(0.95, "llm_inter_token_latency_seconds", REQUESTS)],
        unit="s",
        thresholds=limits((0.05, ORANGE), (0.1, RED)),
        links=[to_board("weir-llm-traffic", "LLM traffic", keep=("hop", "route", "model"))],
        nothing="No stream runs",
    ),
    Stat(
        "How much is written?",
        "llm_engine_generation_tokens_total of all engines, and llm_stream_events_total of the streams of this hop, which "
        "also counts engines without metrics; an event is mostly one token. Both grow while answers are written: "
        "llm_tokens_total is written at their end, and would show long answers as peaks.",
        [
            Query(rate("llm_engine_generation_tokens_total"), "tokens of engines"),
            Query(rate("llm_stream_events_total", REQUESTS), "events of streams"),
        ],
        unit="suffix:/s",
        decimals=0,
        nothing="No engine and no stream is known",
    ),
    Stat(
        "How many are in flight?",
        "llm_active_requests: begun at this hop and not ended, of all models of the routes.",
        [f"sum(llm_active_requests{{{TRANSPORT}}})"],
        links=[to_board("weir-llm-traffic", "LLM traffic", keep=("hop", "route", "model"))],
        nothing="No proxy is scraped",
    ),
    Stat(
        "How many wait in engines?",
        "llm_engine_requests_waiting: queued inside the engines, of all of them.",
        ["sum(llm_engine_requests_waiting)"],
        thresholds=limits((1, ORANGE), (20, RED)),
        links=[to_board("weir-vllm", "vLLM engines")],
        nothing="No engine's metrics are read",
    ),
    Stat(
        "How many alerts fire?",
        "ALERTS that fire and are critical or warning. No value: not even the alert Watchdog fires, which always does, "
        "so Prometheus has no alert rules.",
        [how_many("critical", "warning")],
        thresholds=limits((1, ORANGE)),
        links=[to_board("weir-slo", "SLO and alerts")],
        nothing="No alert rules",
    ),
]

WHICH_MODEL = Table(
    "Which model is in trouble?",
    "By the name that clients ask for. Over the range shown: requests and output tokens per second, failures "
    "(llm_requests_total), the first token's p95. As of now: requests in flight, engines that are up (llm_engine_up), the "
    "fullest KV cache, watts. One engine under two names is in both rows, whole: do not add them up.",
    [
        Column("Requests", rate("llm_requests_total", REQUESTS, "model", "$__range"), "reqps"),
        Column(
            "Failures",
            failures(by="model", window="$__range"),
            "percentunit",
            limits((0.001, ORANGE), (0.01, RED)),
            links=[to_board("weir-logs", "Their logs", model=cell("Model"))],
        ),
        Column("First token p95", quantile(0.95, "llm_time_to_first_token_seconds", REQUESTS, "model", "$__range"), "s"),
        Column(
            "Output tokens",
            rate("llm_tokens_total", f'{REQUESTS},kind="output"', "model", "$__range"),
            "suffix:tok/s",
            decimals=1,
        ),
        Column(
            "In flight",
            f"sum by (model) (llm_requests_started_total{{{REQUESTS}}}) - sum by (model) (llm_requests_total{{{REQUESTS}}})",
        ),
        Column(
            "Engines up",
            under_their_names("sum by (model) (llm_engine_up)"),
            thresholds=limits((1, GREEN), from_below=RED),
        ),
        Column(
            "KV cache",
            under_their_names("max by (model) (llm_engine_kv_cache_usage_ratio)", "max"),
            "percentunit",
            limits((0.9, ORANGE), (0.98, RED)),
        ),
        Column(
            "Power",
            under_their_names("sum by (model) (model:nvidia_gpu_power_watts:sum_avg5m)"),
            "watt",
            decimals=0,
        ),
    ],
    labels={"model": "Model"},
    label_links={
        "model": [
            to_board("weir-llm-traffic", "LLM traffic of this model", keep=("hop", "route"), model=cell("Model"))
        ]
    },
    sort_by="Requests",
    nothing="No model is known",
)

HOW_IT_GOES = Timeseries(
    "How many requests come, and how do they end?",
    "llm_requests_total by status. Clients' own doing (status client) is neither a success nor a failure of the server.",
    [Query(rate("llm_requests_total", REQUESTS, "status"), "{{status}}")],
    unit="reqps",
    stacked=True,
    colours={"success": GREEN, "client": GREY, "error": RED},
    links=[to_board("weir-llm-traffic", "LLM traffic", keep=("hop", "route", "model"))],
    nothing="No proxy is scraped",
)

ENGINES_UP = StateTimeline(
    "When was which engine up?",
    "llm_engine_up, by container and its id, and whether it loads (llm_container_state). It is shown as down until it has "
    "been gone for five minutes.",
    [Query(UP_OR_LOADING, "{{container}} {{id}}")],
    mappings=STATES,
    thresholds=limits((1, GREEN), (2, ORANGE), from_below=RED),
    links=[
        to_board("weir-vllm", "This engine", container=label("container")),
        to_board("weir-containers", "This container", container=label("container")),
    ],
    nothing="No engine is known",
)

CHANGES = Table(
    "What changed in this range?",
    "Containers that are new in it (llm_container_info) or were started again, configurations that were read again "
    "(weir_config_reloads_total), and versions of Weir that are new (weir_build_info). Just after Prometheus was set up, "
    "everything is new to it.",
    [
        Column(
            "Times",
            " or ".join(
                [
                    changed(
                        "new container",
                        "max by (container, model, engine_version, image) "
                        "(llm_container_info unless on (container_id) llm_container_info offset $__range)",
                    ),
                    changed(
                        "started again", "max by (container) (changes(llm_container_start_time_seconds[$__range])) > 0"
                    ),
                    changed(
                        "configuration read again",
                        "sum by (job, instance, result) (increase(weir_config_reloads_total[$__range])) > 0",
                    ),
                    changed(
                        "new version of Weir",
                        "max by (job, instance, version) "
                        "(weir_build_info unless on (job, instance, version) weir_build_info offset $__range)",
                    ),
                ]
            ),
            decimals=0,
        )
    ],
    labels={
        "change": "What",
        "container": "Container",
        "model": "Model",
        "engine_version": "Engine version",
        "image": "Image",
        "job": "Part of Weir",
        "instance": "Where",
        "version": "Version",
        "result": "Result",
    },
    label_links={"container": [to_board("weir-containers", "This container", container=cell("Container"))]},
    sort_by="What",
    ascending=True,
    nothing="No change, or nobody to tell of one: see whether discovery is up",
)

FIRING_NOW = Table(
    "What is firing?",
    "ALERTS that fire now and are critical or warning. What to do is in RUNBOOK.md, under the alert's name; those that only "
    "inform are on the board SLO and alerts.",
    [
        Column(
            "Severity",
            f"({severity('alertname, model, container, uuid')}) > 1",
            thresholds=SEVERITY_LIMITS,
            mappings=SEVERITIES,
        )
    ],
    labels={"alertname": "Alert", "model": "Model", "container": "Container", "uuid": "GPU"},
    label_links={
        "alertname": [to_board("weir-slo", "SLO and alerts")],
        "model": to_traffic_of(cell("Model")),
        "container": [to_board("weir-containers", "This container", container=cell("Container"))],
    },
    sort_by="Severity",
    nothing="No alert fires. Are there rules? The tile above has a number if there are",
)

BOARD = Board(
    uid="weir-overview",
    title="Overview",
    question="Is it up, is it fast, for which model, and what changed?",
    variables=[HOP, ROUTE, MODEL],
    since="1h",
    refresh="10s",
    rows=[TILES, [WHICH_MODEL], [HOW_IT_GOES, ENGINES_UP], [FIRING_NOW, CHANGES]],
)
