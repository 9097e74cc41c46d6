"""What LangFuse's traces recorded, as discovery asks for it, window by window.

Gauges are of the last window that was sealed: drawn as points, never rated, never summed over time, and their
quantiles never averaged. Counters advance by a window at a time: over hours they add up.
"""

from board import Board, Row
from links import cell, label, to_board, to_traffic_of
from panels import GREEN, ORANGE, RED, Column, Query, Stat, Table, Timeseries, limits, names
from queries import divide, increase, select
from variables import label_values

PROJECT = label_values("project", "Project", "langfuse_up", "project")
CHOSEN = 'project=~"$project"'

NO_PROJECT = "No project is configured, or discovery is not scraped"
NO_WINDOW = "No window was sealed, or nothing was in it"

THIS_MODEL = to_traffic_of(label("model"))


def of_window(metric, by="model", operator="sum"):
    return f"{operator} by ({by}) ({select(metric, CHOSEN)})"


def counted(metric, by="", labels=""):
    """Of the windows that were sealed in the range shown."""
    return increase(metric, f"{CHOSEN},{labels}" if labels else CHOSEN, by)


FAILED = divide(counted("langfuse_errors_total"), counted("langfuse_generations_total"))

TILES = [
    Stat(
        "Can it be read?",
        "langfuse_up: whether each project could be read when it was last tried. If not, windows are caught up with later.",
        [f"min({select('langfuse_up', CHOSEN)})"],
        mappings=names(_1=("yes", GREEN), _0=("no", RED)),
        thresholds=limits((1, GREEN), from_below=RED),
        links=[to_board("weir-self", "Weir itself")],
        nothing=NO_PROJECT,
    ),
    Stat(
        "How far behind is it?",
        "langfuse_windows_behind: windows that could be sealed, and are not. As windows are read again for what comes late, "
        "the newest that is sealed is some minutes old all the same.",
        [f"max({select('langfuse_windows_behind', CHOSEN)})"],
        thresholds=limits((1, ORANGE), (3, RED)),
        nothing=NO_PROJECT,
    ),
    Stat(
        "How old is the newest window?",
        "langfuse_window_end_timestamp_seconds, of the project with the oldest. With five minutes of lag and two rereads it "
        "is 15 to 20 minutes.",
        [f"time() - min({select('langfuse_window_end_timestamp_seconds', CHOSEN)})"],
        unit="s",
        nothing="No window was sealed yet",
    ),
    Stat(
        "How many generations were there?",
        "langfuse_generations_total in the range shown: calls of a model, as far as LangFuse was told of them.",
        [counted("langfuse_generations_total")],
        unit="short",
        only_now=True,
        nothing=NO_PROJECT,
    ),
    Stat(
        "What did they cost?",
        "langfuse_cost_usd_total in the range shown, by LangFuse's own prices; a model that it has no price for costs nothing "
        "there.",
        [counted("langfuse_cost_usd_total")],
        unit="currencyUSD",
        only_now=True,
        nothing="LangFuse names no cost",
    ),
    Stat(
        "How many carry an error?",
        "langfuse_errors_total by langfuse_generations_total, in the range shown: generations of level ERROR, which "
        "applications set themselves.",
        [FAILED],
        unit="percentunit",
        decimals=2,
        thresholds=limits((0.01, ORANGE), (0.05, RED)),
        only_now=True,
        nothing="No generations, or this API does not tell",
    ),
    Stat(
        "Do I see all of it?",
        "langfuse_window_truncated: 1 where an answer was as long as it may be, so that the window's numbers are too small.",
        [f"max({select('langfuse_window_truncated', CHOSEN)})"],
        mappings=names(_0=("all", GREEN), _1=("cut off", RED)),
        thresholds=limits((1, RED)),
        nothing="No window was sealed yet",
    ),
    Stat(
        "How many came too late?",
        "langfuse_late_generations_total in the range shown: not there yet when their window was first read. Those that the "
        "rereads find are counted; if there are many, more come later still, and lag is too short.",
        [counted("langfuse_late_generations_total")],
        decimals=0,
        only_now=True,
        nothing=NO_PROJECT,
    ),
]

WHICH_MODEL = Table(
    "Which model costs what?",
    "Windows that were sealed in the range shown: langfuse_generations_total, langfuse_tokens_total, langfuse_cost_usd_total, "
    "langfuse_errors_total. The p95 is of the last window alone. Names are those that the application or LiteLLM sent.",
    [
        Column("Generations", counted("langfuse_generations_total", "model"), "short", decimals=0),
        Column("Input tokens", counted("langfuse_tokens_total", "model", 'kind="input"'), "short"),
        Column("Output tokens", counted("langfuse_tokens_total", "model", 'kind="output"'), "short"),
        Column("All, by LangFuse", counted("langfuse_tokens_total", "model", 'kind="total"'), "short"),
        Column("Cost", counted("langfuse_cost_usd_total", "model"), "currencyUSD"),
        Column(
            "Errors",
            divide(counted("langfuse_errors_total", "model"), counted("langfuse_generations_total", "model")),
            "percentunit",
            limits((0.01, ORANGE), (0.05, RED)),
        ),
        Column(
            "Duration p95",
            f'max by (model) (langfuse_window_latency_seconds{{{CHOSEN},percentile="95"}})',
            "s",
        ),
    ],
    labels={"model": "Model"},
    label_links={"model": to_traffic_of(cell("Model"))},
    sort_by="Cost",
    nothing=NO_WINDOW,
)


def points(title, description, queries, **more):
    return Timeseries(title, description, queries, points=True, links=THIS_MODEL, **({"nothing": NO_WINDOW} | more))


GENERATIONS = points(
    "How many generations, by model?",
    "langfuse_window_generations: each point is the whole of the window that was sealed last, however often it is scraped. "
    "Windows are langfuse_window_seconds long.",
    [Query(of_window("langfuse_window_generations"), "{{model}}")],
)

TRACES = Timeseries(
    "How many traces, and how long is a window?",
    "langfuse_window_traces, of the last window, and its length, langfuse_window_seconds.",
    [
        Query(of_window("langfuse_window_traces", "project"), "{{project}} traces"),
        Query(of_window("langfuse_window_seconds", "project", "max"), "{{project}} seconds"),
    ],
    points=True,
    right={"/ seconds$/": "s"},
    nothing="No window was sealed, or this API does not tell",
)

TOKENS = points(
    "How many tokens, by model?",
    "langfuse_window_tokens of the last window: input and output.",
    [
        Query(
            f'sum by (model, kind) (langfuse_window_tokens{{{CHOSEN},kind=~"input|output"}})',
            "{{model}} {{kind}}",
        )
    ],
    unit="suffix:tok",
)

COST = points(
    "What does a window cost, by model?",
    "langfuse_window_cost_usd of the last window, by LangFuse's own prices.",
    [Query(of_window("langfuse_window_cost_usd"), "{{model}}")],
    unit="currencyUSD",
    nothing="LangFuse names no cost",
)

ERRORS = points(
    "Which model's generations carry errors?",
    "langfuse_window_errors by langfuse_window_generations, of the last window: of level ERROR, as applications set it.",
    [Query(divide(of_window("langfuse_window_errors"), of_window("langfuse_window_generations")), "{{model}}")],
    unit="percentunit",
    minimum=0,
    soft_maximum=0.1,
    nothing="No generations, or this API does not tell",
)

DURATIONS = points(
    "How long did generations take?",
    "langfuse_window_latency_seconds, p50 and p95 of the last window, as applications measured it: their own time is in it. Of "
    "several projects the slower one. Weir's own is on LLM traffic.",
    [Query(of_window("langfuse_window_latency_seconds", "model, percentile", "max"), "{{model}} p{{percentile}}")],
    unit="s",
    logarithmic=True,
    nothing="No generations, or this API does not tell",
)

FIRST_TOKEN = points(
    "How long until the first token, as recorded?",
    "langfuse_window_time_to_first_token_seconds, p50 and p95 of the last window; only of generations for which the "
    "application has set when the first token came.",
    [
        Query(
            of_window("langfuse_window_time_to_first_token_seconds", "model, percentile", "max"),
            "{{model}} p{{percentile}}",
        )
    ],
    unit="s",
    logarithmic=True,
    nothing="Nobody has recorded it",
)

AGREEMENT = Timeseries(
    "Does it count what Weir counts?",
    "model:llm_output_tokens_agreement:ratio_increase6h of langfuse: its output tokens of six hours by Weir's. Below 1: what "
    "its workers lost, or what came too late. Near 2: applications trace their calls beside LiteLLM. Above 1: calls that did "
    "not come through Weir.",
    [
        Query(
            'sum by (model) (model:llm_output_tokens_agreement:ratio_increase6h{counted_by="langfuse"})',
            "{{model}}",
        )
    ],
    unit="percentunit",
    minimum=0,
    maximum=2.5,
    lines=limits((0.9, "transparent"), (1.1, ORANGE), from_below=ORANGE),
    links=THIS_MODEL,
    nothing="LangFuse and Weir have no model in common",
)

NOT_SENT = Timeseries(
    "What did LiteLLM fail to send?",
    "litellm_callback_logging_failures_metric_total: what LiteLLM could not tell the callback is in no trace.",
    [
        Query(
            "sum by (callback_name) (rate(litellm_callback_logging_failures_metric_total[$__rate_interval]))",
            "{{callback_name}}",
        )
    ],
    unit="ops",
    links=[to_board("weir-logs", "LiteLLM's logs", search="langfuse")],
    nothing="LiteLLM has told of no failure, if it is scraped",
)

SCORES = Row(
    "Scores",
    [
        [
            Timeseries(
                "How good are answers?",
                "langfuse_window_score_average, of the last window: the mean of each numeric score.",
                [Query(of_window("langfuse_window_score_average", "score, type", "max"), "{{score}} ({{type}})")],
                points=True,
                nothing="Nobody gives numeric scores",
            ),
            Timeseries(
                "How many scores are given?",
                "langfuse_window_scores, of the last window. A mean of few says little.",
                [Query(of_window("langfuse_window_scores", "score, type"), "{{score}} ({{type}})")],
                points=True,
                nothing="Nobody gives scores",
            ),
            Timeseries(
                "Which values are given?",
                "langfuse_window_score_values, of the last window, of scores that are words or yes and no.",
                [Query(of_window("langfuse_window_score_values", "score, value"), "{{score}}: {{value}}")],
                points=True,
                nothing="Nobody gives such scores",
            ),
        ]
    ],
    folded=True,
)

READING = Row(
    "How is it read?",
    [
        [
            Table(
                "Which API answers, and how well?",
                "langfuse_api_info, langfuse_last_success_timestamp_seconds, langfuse_poll_duration_seconds; in the range shown "
                "langfuse_windows_sealed_total, langfuse_traces_total and langfuse_label_overflow_total, names beyond their "
                "bound.",
                [
                    Column(
                        "There",
                        f"max by (project, version, api) ({select('langfuse_api_info', CHOSEN)})",
                    ),
                    Column(
                        "Last read",
                        f"time() - {of_window('langfuse_last_success_timestamp_seconds', 'project', 'max')}",
                        "s",
                        limits((600, ORANGE), (1800, RED)),
                        decimals=0,
                    ),
                    Column("Takes", of_window("langfuse_poll_duration_seconds", "project", "max"), "s"),
                    Column("Windows", counted("langfuse_windows_sealed_total", "project"), decimals=0),
                    Column("Traces", counted("langfuse_traces_total", "project"), "short", decimals=0),
                    Column(
                        "Names left out",
                        counted("langfuse_label_overflow_total", "project"),
                        thresholds=limits((1, ORANGE)),
                        decimals=0,
                    ),
                ],
                labels={"project": "Project", "version": "Version", "api": "API"},
                hidden=("There",),
                sort_by="Project",
                ascending=True,
                nothing=NO_PROJECT,
            )
        ],
        [
            Timeseries(
                "How many questions are asked?",
                "langfuse_queries_total and langfuse_query_failures_total: LangFuse's cloud limits how many an hour or a day.",
                [
                    Query(
                        f"sum by (project) (rate(langfuse_queries_total{{{CHOSEN}}}[$__rate_interval])) * 3600",
                        "{{project}} asked",
                    ),
                    Query(
                        "sum by (project, query, reason) "
                        f"(rate(langfuse_query_failures_total{{{CHOSEN}}}[$__rate_interval])) * 3600",
                        "{{project}} {{query}}: {{reason}}",
                    ),
                ],
                unit="suffix:/h",
                nothing=NO_PROJECT,
            ),
            Timeseries(
                "Which windows will never be counted?",
                "langfuse_windows_skipped_total: too old after a long outage, or unreadable; the log says why.",
                [
                    Query(
                        "sum by (project, reason) "
                        f"(rate(langfuse_windows_skipped_total{{{CHOSEN}}}[$__rate_interval])) * 3600",
                        "{{project}} {{reason}}",
                    )
                ],
                unit="suffix:/h",
                nothing=NO_PROJECT,
            ),
        ],
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-langfuse",
    title="LangFuse analytics",
    question="What did the traces record, and do I see all of it?",
    variables=[PROJECT],
    since="24h",
    rows=[
        TILES,
        [WHICH_MODEL],
        [GENERATIONS, TRACES],
        [TOKENS, COST],
        [DURATIONS, FIRST_TOKEN],
        [ERRORS, AGREEMENT, NOT_SENT],
        SCORES,
        READING,
    ],
)
