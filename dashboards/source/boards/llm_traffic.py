"""What clients get, per model: requests and failures to the left, times to the right. What is not everybody's, or not
asked every day, is folded."""

from board import Board, Row
from links import cell, label, to_board
from panels import (
    GREEN,
    ORANGE,
    RED,
    BarChart,
    Column,
    Heatmap,
    Query,
    Stat,
    Table,
    Timeseries,
    limits,
)
from queries import REQUESTS, TRANSPORT, buckets, divide, failures, increase, mean, quantile, rate, share
from variables import HOP, MODEL, ROUTE

TTFT = "llm_time_to_first_token_seconds"
FRACTIONS = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))

# Success is green, what clients did grey to yellow, what the server did red.
OUTCOMES = {
    "success": "#56A64B",
    "client_closed_after_finish": "#96D98D",
    "client_closed_before_first_token": "#A0A0A0",
    "client_closed_mid_stream": "#808080",
    "bad_request": "#FFEE52",
    "context_length": "#F2CC0C",
    "unauthorized": "#E0B400",
    "not_found": "#CC9D00",
    "rate_limited": "#FFCB7D",
    "rejected": "#FF9830",
    "overloaded": "#FFA6B0",
    "upstream_error": "#F2495C",
    "stream_error": "#E02F44",
    "truncated": "#C4162A",
    "connect_failed": "#FF7383",
    "upstream_timeout": "#AD0317",
    "upstream_reset": "#8F001C",
    "shutdown": "#B877D9",
    "internal_error": "#7C2EA3",
}

# Costs and clients have no label `hop`: a route is of one hop, and so tells them apart.
def of_this_hop(window="$__range"):
    return f"and on (route) present_over_time(llm_active_requests{{{TRANSPORT}}}[{window}])"


COSTS = 'route=~"$route",model=~"$model"'


def costs(by, function="increase", window="$__range"):
    """Else the table of one hop would have rows of the other's models, of which nothing but the cost is known."""
    return f"sum by ({by}) (sum by ({by}, route) ({function}(llm_cost_usd_total{{{COSTS}}}[{window}])) {of_this_hop(window)})"


def percentiles(histogram, labels=REQUESTS, *, exemplars=False):
    """Lines for the quantiles, and the mean, which alone may be added up or compared by a difference."""
    lines = [Query(quantile(fraction, histogram, labels), name, exemplars) for fraction, name in FRACTIONS]
    return [*lines, Query(mean(histogram, labels), "mean")]


def of_outcome():
    """The lines of the access log that have it."""
    return to_board("weir-logs", "Log lines with this outcome", search=label("outcome"))


TILES = [
    Stat(
        "How many requests come?",
        "llm_requests_started_total: requests whose model is settled, as they begin. What runs no model is on Weir itself.",
        [rate("llm_requests_started_total", REQUESTS)],
        unit="reqps",
        nothing="No proxy is scraped",
    ),
    Stat(
        "Do requests succeed?",
        "llm_requests_total: successes of all that ended as success or error; what clients did is in neither part.",
        [f"1 - {failures()}"],
        unit="percentunit",
        decimals=2,
        thresholds=limits((0.99, ORANGE), (0.999, GREEN), from_below=RED),
        links=[to_board("weir-slo", "SLO and alerts")],
        nothing="Nothing has ended",
    ),
    Stat(
        "How long until the first token (p95)?",
        f"{TTFT}, of streams that had one. Red above the target, slo:target:seconds.",
        [Query(quantile(0.95, TTFT, REQUESTS), "p95")],
        unit="s",
        limit_from='slo:target:seconds{slo="ttft"}',
        nothing="No stream had a token",
    ),
    Stat(
        "How many of the tokens are estimated?",
        "llm_tokens_total by source, over the range: Weir estimates where the server sends no usage, by counting events. "
        "Sums with estimates in them are lower bounds.",
        [
            share(
                increase("llm_tokens_total", f'{REQUESTS},source="estimated"'),
                increase("llm_tokens_total", REQUESTS),
            )
        ],
        unit="percentunit",
        only_now=True,
        thresholds=limits((0.01, ORANGE), (0.1, RED)),
        links=[to_board("weir-self", "Weir itself")],
        nothing="Nobody has said how many tokens there were",
    ),
]

WHICH_MODEL = Table(
    "Which model gets what?",
    "Over the range shown, by the name that clients ask for at this hop: requests and failures (llm_requests_total), the "
    "first token, the gap between events and the whole request at p95, tokens in and out per second, and what it cost "
    "(llm_cost_usd_total, which is counted at one hop: the edge where there is one).",
    [
        Column("Requests", rate("llm_requests_total", REQUESTS, "model", "$__range"), "reqps"),
        Column(
            "Failures",
            failures(by="model", window="$__range"),
            "percentunit",
            limits((0.001, ORANGE), (0.01, RED)),
            links=[to_board("weir-logs", "Their logs", model=cell("Model"))],
        ),
        Column("First token p95", quantile(0.95, TTFT, REQUESTS, "model", "$__range"), "s"),
        Column("Gap p95", quantile(0.95, "llm_inter_token_latency_seconds", REQUESTS, "model", "$__range"), "s"),
        Column("Request p95", quantile(0.95, "llm_request_duration_seconds", REQUESTS, "model", "$__range"), "s"),
        Column(
            "Tokens in",
            rate("llm_tokens_total", f'{REQUESTS},kind="input"', "model", "$__range"),
            "suffix:tok/s",
            decimals=1,
        ),
        Column(
            "Tokens out",
            rate("llm_tokens_total", f'{REQUESTS},kind="output"', "model", "$__range"),
            "suffix:tok/s",
            decimals=1,
        ),
        Column("Cost", costs("model"), "currencyUSD"),
    ],
    labels={"model": "Model"},
    label_links={
        "model": [
            to_board("weir-llm-traffic", "Only this model", keep=("hop", "route"), model=cell("Model")),
            to_board("weir-overview", "This model in the overview", keep=("hop", "route"), model=cell("Model")),
        ]
    },
    sort_by="Requests",
    nothing="No model is known",
)

OUTCOME = Timeseries(
    "How do requests end?",
    "llm_requests_total by outcome: green is success, grey and yellow what clients did, red what the server did. An answer "
    "that broke off (truncated, stream_error) has status code 200, and is seen nowhere else.",
    [Query(rate("llm_requests_total", REQUESTS, "outcome") + " > 0", "{{outcome}}")],
    unit="reqps",
    stacked=True,
    colours=OUTCOMES,
    links=[of_outcome()],
    nothing="Nothing has ended",
)

WHO_FAILS = Timeseries(
    "Which model fails?",
    "llm_requests_total: errors of all that ended as success or error, by model. The line is what the promise leaves, "
    "slo:budget:ratio of availability.",
    [Query(failures(by="model"), "{{model}}")],
    unit="percentunit",
    soft_maximum=0.05,
    limit_from='slo:budget:ratio{slo="availability"}',
    links=[to_board("weir-logs", "Log lines of this model", model=label("model"), search="error")],
    nothing="Nothing has ended",
)

FIRST_TOKEN = Timeseries(
    "How long until the first token?",
    f"{TTFT}, of streams that had one: those that never had are beside it. The line is the target, slo:target:seconds. "
    "Diamonds are single requests: click for the trace.",
    percentiles(TTFT, exemplars=True),
    unit="s",
    logarithmic=True,
    limit_from='slo:target:seconds{slo="ttft"}',
    nothing="No stream had a token",
    width=14,
)

NO_FIRST_TOKEN = Timeseries(
    "Who never got a first token?",
    "llm_no_first_token_total: streams that ended before one, by outcome. The times of first tokens lack them, and get "
    "better the more there are.",
    [Query(rate("llm_no_first_token_total", REQUESTS, "outcome"), "{{outcome}}")],
    unit="reqps",
    stacked=True,
    colours=OUTCOMES,
    links=[of_outcome()],
    nothing="No such stream has been seen",
    width=10,
)

GAPS = Timeseries(
    "How smooth are streams?",
    "llm_inter_token_latency_seconds, between events with content. Events that came at once are no gaps: their part of all "
    "events, llm_coalesced_events_total, is on the right axis. Gaps in which the client took no bytes are left out.",
    [
        *percentiles("llm_inter_token_latency_seconds", exemplars=True),
        Query(
            share(rate("llm_coalesced_events_total", REQUESTS), rate("llm_stream_events_total", REQUESTS)), "at once"
        ),
    ],
    unit="s",
    logarithmic=True,
    right={"at once": "percentunit"},
    dashed=("at once",),
    nothing="No stream runs",
)

PACE = Timeseries(
    "How fast does one stream run?",
    "llm_time_per_output_token_seconds, one value per answer with reported usage: 0.02 s are 50 tokens per second. By model, "
    "p50 and p95.",
    [
        Query(quantile(0.5, "llm_time_per_output_token_seconds", REQUESTS, "model"), "{{model}} p50"),
        Query(quantile(0.95, "llm_time_per_output_token_seconds", REQUESTS, "model"), "{{model}} p95"),
    ],
    unit="s",
    nothing="No server has reported usage of a stream",
)

TOKENS = Timeseries(
    "How many tokens go in and out?",
    "llm_tokens_total by kind and source, written when an answer ends: a long one is a peak at its end. Cached tokens are "
    "part of input, reasoning of output.",
    [Query(rate("llm_tokens_total", REQUESTS, "kind, source"), "{{kind}} {{source}}")],
    unit="suffix:tok/s",
    stacked=True,
    nothing="Nobody has said how many tokens there were",
)

DURATION = Timeseries(
    "How long do whole requests take?",
    "llm_request_duration_seconds of all that ended, whatever their outcome. It grows with the length of answers: judge "
    "engines by first token and pace.",
    percentiles("llm_request_duration_seconds", exemplars=True),
    unit="s",
    logarithmic=True,
    nothing="Nothing has ended",
)

SPREAD = Row(
    "How are times spread?",
    [
        [
            Heatmap(
                "How are first tokens spread?",
                f"{TTFT} by bucket. Two bands are two kinds of requests: short and long prompts, cached and not.",
                [buckets(TTFT, REQUESTS)],
                unit="s",
                nothing="No stream had a token",
            ),
            Heatmap(
                "How are gaps spread?",
                "llm_inter_token_latency_seconds by bucket. A second band at ten times the first is other requests' "
                "prompts that are read in between.",
                [buckets("llm_inter_token_latency_seconds", REQUESTS)],
                unit="s",
                nothing="No stream runs",
            ),
        ],
        [
            Timeseries(
                "How long until the first token of the answer?",
                "llm_time_to_first_answer_token_seconds: the first that is no reasoning. Of models that reason only.",
                percentiles("llm_time_to_first_answer_token_seconds", exemplars=True),
                unit="s",
                logarithmic=True,
                nothing="No model here reasons",
            ),
            Timeseries(
                "Do clients hold streams up?",
                "llm_client_stall_seconds_total: seconds per second in which clients could not take bytes, of all streams "
                "together; llm_discarded_gaps_total: gaps that were left out for it. HTTP/2 tells neither.",
                [
                    Query(rate("llm_client_stall_seconds_total", TRANSPORT), "stalled"),
                    Query(rate("llm_discarded_gaps_total", REQUESTS), "gaps left out"),
                ],
                unit="s",
                right={"gaps left out": "ops"},
                nothing="No proxy is scraped",
            ),
        ],
    ],
    folded=True,
)

WASTE = Row(
    "Cache, reasoning, waste",
    [
        [
            Timeseries(
                "How much of the prompt was cached?",
                "llm_tokens_detail_total of kind cached_input, of reported input tokens (llm_tokens_total), by model.",
                [
                    Query(
                        divide(
                            rate("llm_tokens_detail_total", f'{REQUESTS},kind="cached_input"', "model"),
                            rate("llm_tokens_total", f'{REQUESTS},kind="input",source="reported"', "model"),
                        ),
                        "{{model}}",
                    )
                ],
                unit="percentunit",
                maximum=1,
                nothing="No server reports cached tokens",
            ),
            Timeseries(
                "How much of the answer is reasoning?",
                "llm_tokens_detail_total of kind reasoning_output, of reported output tokens (llm_tokens_total), by model.",
                [
                    Query(
                        divide(
                            rate("llm_tokens_detail_total", f'{REQUESTS},kind="reasoning_output"', "model"),
                            rate("llm_tokens_total", f'{REQUESTS},kind="output",source="reported"', "model"),
                        ),
                        "{{model}}",
                    )
                ],
                unit="percentunit",
                maximum=1,
                nothing="No server reports reasoning tokens",
            ),
            Timeseries(
                "What is written for nobody?",
                "llm_abandoned_tokens_total, tokens for clients that had left, of output tokens (llm_tokens_total), by model.",
                [
                    Query(
                        share(
                            rate("llm_abandoned_tokens_total", REQUESTS, "model"),
                            rate("llm_tokens_total", f'{REQUESTS},kind="output"', "model"),
                        ),
                        "{{model}}",
                    )
                ],
                unit="percentunit",
                soft_maximum=0.3,
                lines=limits((0.05, ORANGE), (0.2, RED), from_below="transparent"),
                nothing="Nothing is written",
            ),
        ],
        [
            Timeseries(
                "Which answers lack their usage?",
                "llm_usage_missing_total by reason: without it, tokens are estimates. not_sent: the server does not do it; "
                "client_declined: it asked for none; stream_cut: the answer ended before it.",
                [Query(rate("llm_usage_missing_total", REQUESTS, "reason"), "{{reason}}")],
                unit="reqps",
                stacked=True,
                nothing="No answer has lacked it",
            ),
            Timeseries(
                "How much sound is heard?",
                "llm_audio_seconds_total: seconds of audio per second, as transcription servers report it, by model.",
                [Query(rate("llm_audio_seconds_total", REQUESTS, "model"), "{{model}}")],
                unit="suffix:s/s",
                nothing="No server has reported the length of audio",
            ),
        ],
    ],
    folded=True,
)

SIZES = Row(
    "Bytes and status codes",
    [
        [
            Heatmap(
                "How big are requests?",
                "llm_request_size_bytes by bucket: bodies as clients sent them, of all models of the routes.",
                [buckets("llm_request_size_bytes", TRANSPORT)],
                unit="bytes",
                nothing="Nothing has ended",
            ),
            Heatmap(
                "How big are answers?",
                "llm_response_size_bytes by bucket: bodies as the upstream sent them; 0 without an answer.",
                [buckets("llm_response_size_bytes", TRANSPORT)],
                unit="bytes",
                nothing="Nothing has ended",
            ),
        ],
        [
            Timeseries(
                "Which status codes are sent?",
                "llm_responses_total by code. Not the outcome: a stream that broke off has 200. 307 is a base URL that "
                "ends in a slash.",
                [Query(rate("llm_responses_total", TRANSPORT, "code"), "{{code}}")],
                unit="reqps",
                stacked=True,
                nothing="Nothing was answered",
            ),
            Timeseries(
                "How long until the first byte?",
                "llm_time_to_first_byte_seconds of all answers, streamed or not: one that is not streamed sends its first "
                "byte last.",
                percentiles("llm_time_to_first_byte_seconds", TRANSPORT),
                unit="s",
                logarithmic=True,
                nothing="Nothing was answered",
            ),
        ],
    ],
    folded=True,
)


def by_client(metric, kind=""):
    """Of the routes of this hop only, since a request that passes both has a route, and is counted, at each."""
    labels = f'route=~"$route"{kind}'
    return f"sum by (client) (sum by (client, route) (increase({metric}{{{labels}}}[$__range])) {of_this_hop()})"


CLIENTS = Row(
    "Clients",
    [
        [
            Table(
                "Who uses it?",
                "llm_client_requests_total and llm_client_tokens_total over the range, by alias or hash of the client's "
                "key. Off unless [proxy.clients] of weir.toml switches it on.",
                [
                    Column("Requests", by_client("llm_client_requests_total"), decimals=0),
                    Column("Tokens in", by_client("llm_client_tokens_total", ',kind="input"'), "short"),
                    Column("Tokens out", by_client("llm_client_tokens_total", ',kind="output"'), "short"),
                ],
                labels={"client": "Client"},
                label_links={"client": [to_board("weir-logs", "Their log lines", search=cell("Client"))]},
                sort_by="Tokens out",
                nothing="Clients are not told apart: see [proxy.clients] in weir.toml",
            )
        ]
    ],
    folded=True,
)

TOKENS_IN_RANGE = f"increase(llm_tokens_total{{{REQUESTS}}}[$__range])"
# By route and model, since what has a price has it at one hop, under its names.
WITH_A_PRICE = "on (route, model) present_over_time(llm_cost_usd_total[$__range])"

COST = Row(
    "Cost",
    [
        [
            BarChart(
                "What does each model cost?",
                "llm_cost_usd_total over the range, by model. Counted at one hop, the edge where there is one; what has no "
                "price is not in it.",
                [costs("model")],
                unit="currencyUSD",
                nothing="Nothing has a price, or costs are counted at the other hop",
            ),
            Timeseries(
                "What is the money spent on?",
                "llm_cost_usd_total by kind and source, as dollars per hour at the pace of the moment. litellm: it said so "
                "itself, for the whole request; priced: by [[proxy.prices]]; estimated: a lower bound.",
                [Query(f"{costs('kind, source', 'rate', '$__rate_interval')} * 3600", "{{kind}} {{source}}")],
                unit="currencyUSD",
                stacked=True,
                nothing="Nothing has a price, or costs are counted at the other hop",
            ),
            Stat(
                "How many tokens have no price?",
                "llm_tokens_total of models without llm_cost_usd_total, of all of them, over the range. Choose the hop "
                "at which costs are counted, the edge where there is one.",
                [
                    f"1 - {share(f'sum({TOKENS_IN_RANGE} and {WITH_A_PRICE})', f'sum({TOKENS_IN_RANGE})')}"
                ],
                unit="percentunit",
                only_now=True,
                height=8,
                width=5,
                thresholds=limits((0.01, ORANGE)),
                nothing="Nobody has said how many tokens there were",
            ),
        ]
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-llm-traffic",
    title="LLM traffic",
    question="What do clients get, per model?",
    variables=[HOP, ROUTE, MODEL],
    rows=[
        TILES,
        [WHICH_MODEL],
        [OUTCOME, WHO_FAILS],
        [FIRST_TOKEN, NO_FIRST_TOKEN],
        [GAPS, PACE],
        [TOKENS, DURATION],
        SPREAD,
        WASTE,
        SIZES,
        CLIENTS,
        COST,
    ],
)
