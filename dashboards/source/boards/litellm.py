"""What LiteLLM adds to requests, and what it does with them. Models are those of the edge: what clients ask for.

Weir sees each request before and after LiteLLM, which tells one from the other without LiteLLM's help; what it says of
itself is folded, below.
"""

from board import Board, Row
from links import cell, label, to_board
from panels import (
    GREEN,
    ORANGE,
    RED,
    BarChart,
    Column,
    Query,
    Stat,
    StateTimeline,
    Table,
    Timeseries,
    limits,
    names,
)
from queries import divide, increase, mean, quantile, rate, share
from variables import label_values

EDGE_MODEL = label_values("model", "Model", 'llm_requests_started_total{hop="edge"}', "model")

MODEL = 'model=~"$model"'
EDGE = f'hop="edge",{MODEL}'
BOTH_HOPS = 'hop=~"edge|engine"'
BEHIND_A_NAME = 'edge_model=~"$model"'
REQUESTED = 'requested_model=~"$model"'
# What it refuses by itself has none.
DEPLOYED = f'{REQUESTED},litellm_model_name!=""'
DEPLOYMENT = "litellm_model_name, api_base"
GROUP = 'model_group=~"$model"'

UP = names(_1=("up", GREEN), _0=("down", RED))
ADDED_LIMITS = limits((0.05, ORANGE), (0.25, RED))
# Of its token count against Weir's, in either direction.
DEVIATION = limits((0.02, ORANGE), (0.1, RED))
AGREEMENT = f'model:llm_output_tokens_agreement:ratio_increase6h{{counted_by="litellm",{MODEL}}}'

# The name that its container has in compose/litellm.yaml.
ITS_LOGS = to_board("weir-logs", "LiteLLM's logs", container="litellm")
WITHOUT_BOTH_HOPS = "No request has been joined: METRICS.md, Between the hops"


def joined(by="", window="$__rate_interval"):
    """The part of the requests that were answered well which was found again at an engine."""
    found = rate("llm_hop_requests_total", f'{MODEL},result="joined"', by, window)
    return share(found, rate("llm_hop_requests_total", f'{MODEL},result=~"joined|unjoined"', by, window))


def per_joined(metric, by="", window="$__rate_interval"):
    return divide(rate(metric, MODEL, by, window), rate("llm_hop_requests_total", f'{MODEL},result="joined"', by, window))


def added(phase, fraction=None, by="", window="$__rate_interval"):
    """Seconds in a phase: the mean, or a quantile."""
    labels = f'{MODEL},phase="{phase}"'
    if fraction is None:
        return mean("llm_hop_added_seconds", labels, by, window)
    return quantile(fraction, "llm_hop_added_seconds", labels, by, window)


def at_engines(series):
    """A rate of engines, for the models of the edge that were chosen: by which of an engine's models is behind which name
    of the edge (recorded in config/prometheus/rules/hop.yml)."""
    by_route = rate(series, 'hop="engine"', "route, model")
    behind = 'max by (route, model, edge_model) (route_model_edge_model:llm_hop_model:info{edge_model=~"$model"})'
    return f"sum({by_route} * on (route, model) group_left (edge_model) {behind})"


TILES = [
    Stat(
        "Is LiteLLM up?",
        "litellm_up of discovery: the one that is worst, if there are several. No value: discovery is not scraped, or knows of "
        "no LiteLLM.",
        ["min(litellm_up)"],
        mappings=UP,
        thresholds=limits((1, GREEN), from_below=RED),
        links=[ITS_LOGS],
        width=4,
        nothing="No LiteLLM is known",
    ),
    Stat(
        "What does it add before it asks (p95)?",
        "llm_hop_added_seconds of phase before_upstream: from the last byte of the client's request to LiteLLM's own request to "
        "an engine.",
        [added("before_upstream", 0.95)],
        unit="s",
        thresholds=ADDED_LIMITS,
        width=5,
        nothing=WITHOUT_BOTH_HOPS,
    ),
    Stat(
        "How many requests could be joined?",
        "llm_hop_requests_total: joined, of joined and unjoined. What LiteLLM answers from its cache can't be. Far below 1: it "
        "passes on neither x-weir-hop nor traceparent, or has engines that are not behind Weir; then all that is said here is "
        "of the others only.",
        [joined()],
        unit="percentunit",
        thresholds=limits((0.8, GREEN), from_below=RED),
        width=5,
        nothing="No proxy has both hops",
    ),
    Stat(
        "How many answers does it hold back?",
        "llm_hop_buffering_total, of joined requests: the engine's events came one by one, at the edge they came in bursts.",
        [per_joined("llm_hop_buffering_total")],
        unit="percentunit",
        thresholds=limits((0.01, ORANGE), (0.1, RED)),
        width=5,
        nothing=WITHOUT_BOTH_HOPS,
    ),
    Stat(
        "By how much do its token counts differ?",
        "model:llm_output_tokens_agreement:ratio_increase6h of litellm, its output tokens by Weir's: the model that is worst, in "
        "either direction. Known reasons: streams that clients left, several workers of which one is scraped, usage that the "
        "engine did not send, keys that are seldom used (config/prometheus/rules/agreement.yml).",
        [f"max(abs({AGREEMENT} - 1))"],
        unit="percentunit",
        thresholds=DEVIATION,
        width=5,
        nothing="LiteLLM is not scraped, or has written nothing",
    ),
]

WHICH_MODEL = Table(
    "For which model does LiteLLM add what?",
    "Over the range shown, by the name that clients use. Mean seconds of llm_hop_added_seconds by phase (for each event, of "
    "per_event); engines asked per request, llm_hop_attempts_total: above 1, it tries again or falls back. Its output "
    "tokens by Weir's are those of the last 6 hours.",
    [
        Column("Requests", rate("llm_requests_total", EDGE, "model", "$__range"), "reqps"),
        Column("Before it asks", added("before_upstream", None, "model", "$__range"), "s", ADDED_LIMITS),
        Column("First token", added("first_token", None, "model", "$__range"), "s", ADDED_LIMITS),
        Column("Each event", added("per_event", None, "model", "$__range"), "s"),
        Column("Joined", joined("model", "$__range"), "percentunit", limits((0.8, GREEN), from_below=RED)),
        Column("Engines asked", per_joined("llm_hop_attempts_total", "model", "$__range"), decimals=2),
        Column("Held back", per_joined("llm_hop_buffering_total", "model", "$__range"), "percentunit", limits((0.01, ORANGE), (0.1, RED))),
        Column("Its tokens by Weir's", f"max by (model) ({AGREEMENT})", decimals=2),
    ],
    labels={"model": "Model"},
    label_links={"model": [to_board("weir-llm-traffic", "LLM traffic of this model", hop="edge", model=cell("Model"))]},
    sort_by="Requests",
    nothing="No request has come to the edge",
)

PHASES = Timeseries(
    "What does LiteLLM add?",
    "llm_hop_added_seconds by phase, p50 and p95, of requests that were answered well at both hops. The first token comes "
    "before_upstream plus first_token later than it would without LiteLLM; per_event is by how much a gap is longer; after is "
    "the time from the engine's end to the edge's. Not the engine's time, nor Weir's.",
    [
        Query(quantile(0.5, "llm_hop_added_seconds", MODEL, "phase"), "{{phase}} p50"),
        Query(quantile(0.95, "llm_hop_added_seconds", MODEL, "phase"), "{{phase}} p95"),
    ],
    unit="s",
    logarithmic=True,
    lines=limits((0.05, ORANGE), (0.25, RED), from_below="transparent"),
    nothing=WITHOUT_BOTH_HOPS,
)

FIRST_TOKEN = Timeseries(
    "Whose is the wait for the first token?",
    "Mean of llm_time_to_first_token_seconds at the edge and at the engines: the gap between the lines is LiteLLM's (and the "
    "network's). Right only where each request of the edge is one at an engine: its cache, retries and whoever asks engines "
    "directly move them apart. Means may be compared so, quantiles may not.",
    [
        Query(mean("llm_time_to_first_token_seconds", EDGE), "clients wait"),
        Query(
            divide(
                at_engines("llm_time_to_first_token_seconds_sum"),
                at_engines("llm_time_to_first_token_seconds_count"),
            ),
            "of it for engines",
        ),
    ],
    unit="s",
    nothing="No stream had a token",
)

RETRIES = Timeseries(
    "Does it retry or fall back?",
    "llm_hop_attempts_total per joined request, as Weir sees it: 1 is one engine per request. On the right LiteLLM's own counts: "
    "fallbacks that went well or failed, and deployments that it took out for a while.",
    [
        Query(per_joined("llm_hop_attempts_total"), "engines asked per request"),
        Query(rate("litellm_deployment_successful_fallbacks_total", REQUESTED, "fallback_model"), "fell back to {{fallback_model}}"),
        Query(rate("litellm_deployment_failed_fallbacks_total", REQUESTED, "fallback_model"), "failed to fall back to {{fallback_model}}"),
        Query(rate("litellm_deployment_cooled_down_total", by="litellm_model_name"), "{{litellm_model_name}} taken out"),
    ],
    unit="short",
    decimals=2,
    right={"/fall back|fell back|taken out/": "ops"},
    nothing=WITHOUT_BOTH_HOPS,
)

BUNCHING = Timeseries(
    "Do events reach clients in bunches?",
    "llm_coalesced_events_total, of llm_stream_events_total, at each hop: events that come at once with the one before. Far "
    "more at the edge than at the engines: LiteLLM holds streams back. Of all models: at the engines they have other names.",
    [
        Query(
            share(
                rate("llm_coalesced_events_total", BOTH_HOPS, "hop"),
                rate("llm_stream_events_total", BOTH_HOPS, "hop"),
            ),
            "{{hop}}",
        )
    ],
    unit="percentunit",
    maximum=1,
    nothing="No stream runs",
)

DEPLOYMENTS = StateTimeline(
    "Which deployment is out?",
    "litellm_deployment_state, as LiteLLM judges by the calls it made: partial after a failure, outage where all failed. It "
    "changes with the next call only.",
    [Query("max by (litellm_model_name, api_base) (litellm_deployment_state)", "{{litellm_model_name}} {{api_base}}")],
    mappings=names(_0=("healthy", GREEN), _1=("partial", ORANGE), _2=("outage", RED)),
    thresholds=limits((1, ORANGE), (2, RED)),
    links=[to_board("weir-vllm", "vLLM engines")],
    nothing="LiteLLM is not scraped, or has asked no engine",
)

FAILURES = Timeseries(
    "Why do calls fail inside it?",
    "litellm_proxy_failed_requests_metric_total by class of exception: what LiteLLM answered as a failure. Clients' own mistakes "
    "are in it, too.",
    [Query(rate("litellm_proxy_failed_requests_metric_total", REQUESTED, "exception_class"), "{{exception_class}}")],
    unit="reqps",
    stacked=True,
    links=[to_board("weir-logs", "LiteLLM's lines with this", container="litellm", search=label("exception_class"))],
    nothing="LiteLLM is not scraped, or nothing has failed since it started",
)

SPEND = f"increase(litellm_spend_metric_total{{{REQUESTED}}}[$__range])"

OWN_WORDS = Row(
    "What LiteLLM says of itself",
    [
        [
            Timeseries(
                "What does LiteLLM claim?",
                "Means of its own: litellm_overhead_latency_metric (its help text says milliseconds, the value is seconds), "
                "litellm_request_queue_time_seconds before it begins, litellm_llm_api_latency_metric of the calls to engines, "
                "litellm_request_total_latency_metric of all of it. What happens before it starts its clock is in none.",
                [
                    Query(mean("litellm_overhead_latency_metric", GROUP), "overhead"),
                    Query(mean("litellm_request_queue_time_seconds", REQUESTED), "queue"),
                    Query(mean("litellm_llm_api_latency_metric", REQUESTED), "engines"),
                    Query(mean("litellm_request_total_latency_metric", REQUESTED), "whole request"),
                    Query(mean("litellm_llm_api_time_to_first_token_metric", REQUESTED), "first token of engines"),
                ],
                unit="s",
                logarithmic=True,
                nothing="LiteLLM is not scraped, or has answered nothing",
            ),
            Timeseries(
                "How many requests are inside it?",
                "litellm_in_flight_requests, by LiteLLM, and llm_active_requests at the edge, by Weir. The scrape of LiteLLM is "
                "a request that it counts, too.",
                [
                    Query("sum(litellm_in_flight_requests)", "by LiteLLM"),
                    Query('sum(llm_active_requests{hop="edge"})', "by Weir"),
                ],
                nothing="LiteLLM is not scraped",
            ),
        ],
        [
            Timeseries(
                "Which deployment fails it?",
                "litellm_deployment_failure_responses_total, of litellm_deployment_total_requests_total, by deployment.",
                [
                    Query(
                        share(
                            rate("litellm_deployment_failure_responses_total", DEPLOYED, DEPLOYMENT),
                            rate("litellm_deployment_total_requests_total", DEPLOYED, DEPLOYMENT),
                        ),
                        "{{litellm_model_name}} {{api_base}}",
                    )
                ],
                unit="percentunit",
                soft_maximum=0.1,
                nothing="LiteLLM is not scraped, or has asked no engine",
            ),
            Table(
                "What did it fail to report?",
                "litellm_callback_logging_failures_metric_total over the range, by callback: traces and spend that LangFuse and "
                "others never got.",
                [
                    Column(
                        "Failures",
                        increase("litellm_callback_logging_failures_metric_total", by="callback_name"),
                        decimals=0,
                        thresholds=limits((1, RED)),
                    )
                ],
                labels={"callback_name": "Callback"},
                links=[to_board("weir-langfuse", "LangFuse")],
                nothing="No callback has failed since it started, or LiteLLM is not scraped",
            ),
        ],
        [
            BarChart(
                "Does its bill agree with Weir's?",
                "litellm_spend_metric_total and llm_cost_usd_total over the range, by model. LiteLLM counts 0 where it has no "
                "price; Weir knows streams only by [[proxy.prices]].",
                [
                    Query(
                        f'sum by (model) (label_replace({SPEND}, "model", "$1", "requested_model", "(.+)"))',
                        "LiteLLM",
                    ),
                    Query(increase("llm_cost_usd_total", MODEL, "model"), "Weir"),
                ],
                unit="currencyUSD",
                nothing="Nothing has a price",
            ),
            Table(
                "Who nears a budget?",
                "litellm_remaining_team_budget_metric: the ten teams with the least left.",
                [
                    Column(
                        "Left",
                        "bottomk(10, min by (team_alias) (litellm_remaining_team_budget_metric))",
                        "currencyUSD",
                        limits((0.01, GREEN), from_below=RED),
                    )
                ],
                labels={"team_alias": "Team"},
                sort_by="Left",
                ascending=True,
                nothing="No team has a budget, or LiteLLM is not scraped",
            ),
        ],
    ],
    folded=True,
)

BEHIND = Row(
    "Gateways, and what is behind them",
    [
        [
            Table(
                "Which gateways are there?",
                "litellm_up, litellm_ready and litellm_gateway_info of discovery, and how many deployments it could not show "
                "(litellm_deployments_left_out).",
                [
                    Column("Up", "max by (gateway) (litellm_up)", mappings=UP, thresholds=limits((1, GREEN), from_below=RED)),
                    Column(
                        "Ready",
                        "max by (gateway) (litellm_ready)",
                        mappings=names(_1=("ready", GREEN), _0=("not ready", RED)),
                        thresholds=limits((1, GREEN), from_below=RED),
                    ),
                    Column("Known", "max by (gateway, version) (litellm_gateway_info)"),
                    Column("Left out", "max by (gateway) (litellm_deployments_left_out)", thresholds=limits((1, ORANGE))),
                ],
                labels={"gateway": "Gateway", "version": "Version"},
                hidden=("Known",),
                nothing="No LiteLLM is known to discovery",
            ),
            Table(
                "Which engine is behind which name?",
                "llm_engine_model_info, by LiteLLM's api_base: discovery needs LiteLLM's key for it.",
                [
                    Column(
                        "Known",
                        f"max by (edge_model, model, container, route) (llm_engine_model_info{{{BEHIND_A_NAME}}})",
                    )
                ],
                labels={"edge_model": "Clients' name", "model": "Engine's name", "container": "Engine", "route": "Route"},
                label_links={"container": [to_board("weir-vllm", "This engine", container=cell("Engine"))]},
                hidden=("Known",),
                nothing="Discovery has no key of LiteLLM's",
            ),
        ],
        [
            Table(
                "Which deployments does it have?",
                "litellm_deployment_info of discovery, those of other providers too.",
                [
                    Column(
                        "Known",
                        f"max by (gateway, edge_model, model, provider, api_base) (litellm_deployment_info{{{BEHIND_A_NAME}}})",
                    )
                ],
                labels={
                    "gateway": "Gateway",
                    "edge_model": "Clients' name",
                    "provider": "Provider",
                    "model": "Its model",
                    "api_base": "Where",
                },
                hidden=("Known",),
                nothing="Discovery has no key of LiteLLM's",
            ),
            Table(
                "Which other names do engines' models have?",
                "llm_model_alias_info: names that an engine serves beside the one in its metrics.",
                [Column("Known", "max by (model, alias) (llm_model_alias_info)")],
                labels={"model": "In its metrics", "alias": "Also served as"},
                hidden=("Known",),
                nothing="No engine has a second name",
                width=8,
            ),
        ],
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-litellm",
    title="LiteLLM",
    question="Is it the model, or is it LiteLLM?",
    variables=[EDGE_MODEL],
    rows=[
        TILES,
        [WHICH_MODEL],
        [PHASES, FIRST_TOKEN],
        [RETRIES, BUNCHING],
        [DEPLOYMENTS, FAILURES],
        OWN_WORDS,
        BEHIND,
    ],
)
