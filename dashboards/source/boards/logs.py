"""Logs, errors first. Weir's access log is job="weir", a line for each request (LOGS.md); logs of containers are the
other jobs. Ranges are `$__interval`, as long as a step of the chart, or `$__range` where a panel asks once: `$__auto` is
either, but Grafana before 10.2 does not know it.
"""

from board import Board, Row
from links import cell, to_board
from panels import BLUE, GREY, ORANGE, RED, Column, Logs, Query, Stat, Table, Timeseries, limits
from variables import LOGS, label_values, log_label_values, text

# What the other boards call so, of both hops.
EVERY_MODEL = label_values("model", "Model", "llm_requests_started_total", "model")
CONTAINER = log_label_values("container", "Container", '{job=~".+"}', "container")
SEARCH = text("search", "Search", "")
SLOW = text("slow_ms", "Slow from (ms)", "1000")

# A line of a container that tells of something wrong, whoever wrote it.
WRONG = r"|~ `(?i)\b(error|critical|fatal|panic(ked)?|traceback|exception)\b`"
# What asks for health and metrics all the time says so, too.
NOT_PROBES = '!~ "GET /(health|metrics|ready|live)"'
WANTED = "|~ `(?i)$search`"

CONTAINERS = '{job=~".+",job!="weir",container=~"$container"}'
ENGINES = '{job="vllm-server",container=~"$container"}'
REQUESTS = '{job="weir"} | model=~"$model"'
FAILED = '{job="weir",status="error"} | model=~"$model"'

NO_LINE = "No such line. If there are none at all, look at the last row"

TRACE = "Open a line for its trace."
THIS_OUTCOME = [to_board("weir-logs", "Their lines", search=cell("Outcome"))]


def count(lines, by, window="$__range"):
    return f"sum by ({by}) (count_over_time({lines} [{window}]))"


def number(lines):
    return f"sum(count_over_time({lines} [$__range]))"


TILES = [
    Stat(
        "How many lines tell of errors?",
        "Lines of containers with a word like error, critical or traceback, in the range shown, those of probes left out. A "
        "word is no proof: read them below.",
        [number(f"{CONTAINERS} {WRONG} {NOT_PROBES}")],
        unit="short",
        logs=True,
        only_now=True,
        nothing=NO_LINE,
    ),
    Stat(
        "How many requests failed?",
        "Lines of the access log with status error, in the range shown. A request that passed both hops has a line of each. "
        "Of very many alike only some are written: llm_requests_total counts them all.",
        [Query(count(FAILED, "hop"), "{{hop}}")],
        unit="short",
        logs=True,
        only_now=True,
        thresholds=limits((1, ORANGE)),
        nothing=NO_LINE,
    ),
    Stat(
        "How many took more than a second?",
        "Requests of the access log whose latency, in seconds, is above 1; long answers take long. The board's own limit, "
        "slow_ms, is for the first token.",
        [Query(count('{job="weir"} | json | latency > 1.0 | __error__=""', "hop"), "{{hop}}")],
        unit="short",
        logs=True,
        only_now=True,
        nothing=NO_LINE,
    ),
    Stat(
        "How many engines died?",
        "Lines of engines that are said when one ends by itself: EngineDeadError, CUDA out of memory, and the like.",
        [number(f'{ENGINES} |~ "EngineDeadError|CUDA out of memory|Engine core proc .* died|torch.OutOfMemoryError"')],
        unit="short",
        logs=True,
        only_now=True,
        thresholds=limits((1, RED)),
        nothing=NO_LINE,
    ),
    Stat(
        "How many lines come in?",
        "Lines per second of all jobs, the access log included, over the range shown.",
        ['sum(rate({job=~".+"} [$__range]))'],
        unit="suffix:lines/s",
        logs=True,
        only_now=True,
        nothing="No line comes in: is Alloy up?",
    ),
    Stat(
        "How many lines were lost?",
        "In the range shown: weir_access_log_lines_total dropped by Weir, loki_write_dropped_entries_total by Alloy, "
        "loki_discarded_samples_total by Loki.",
        [
            Query('sum(increase(weir_access_log_lines_total{result="dropped"}[$__range]))', "Weir"),
            Query("sum(increase(loki_write_dropped_entries_total[$__range]))", "Alloy"),
            Query("sum(increase(loki_discarded_samples_total[$__range]))", "Loki"),
        ],
        decimals=0,
        thresholds=limits((1, RED)),
        only_now=True,
        nothing="Nobody counts",
    ),
]

WHICH_REQUESTS = Table(
    "Which requests fail, and how?",
    "Lines of the access log with status error, in the range shown, by what became of them (METRICS.md has the words). Of many "
    "alike only some are written.",
    [Column("Lines", count(FAILED, "model, outcome, hop, route"), "short")],
    labels={"model": "Model", "outcome": "Outcome", "hop": "Hop", "route": "Route"},
    label_links={
        "model": [to_board("weir-llm-traffic", "What clients get of it", hop=cell("Hop"), model=cell("Model"))],
        "outcome": THIS_OUTCOME,
    },
    logs=True,
    sort_by="Lines",
    nothing=NO_LINE,
)

WHICH_CONTAINERS = Table(
    "Which containers tell of errors?",
    "Lines with a word like error, critical or traceback, in the range shown, by container.",
    [Column("Lines", count(f"{CONTAINERS} {WRONG} {NOT_PROBES}", "job, container"), "short")],
    labels={"container": "Container", "job": "Job"},
    label_links={
        "container": [
            to_board("weir-logs", "Only this container", container=cell("Container")),
            to_board("weir-containers", "The container", container=cell("Container")),
        ]
    },
    logs=True,
    sort_by="Lines",
    nothing=NO_LINE,
)

ERRORS_OVER_TIME = Timeseries(
    "When do containers tell of errors?",
    "Lines with a word like error, critical or traceback, by container, for each step of the chart.",
    [Query(count(f"{CONTAINERS} {WRONG} {NOT_PROBES}", "container", "$__interval"), "{{container}}")],
    logs=True,
    bars=True,
    stacked=True,
    nothing=NO_LINE,
)

FAILURES_OVER_TIME = Timeseries(
    "When do requests fail?",
    "Lines of the access log with status error, by outcome, for each step of the chart. Both hops: a failure of an engine is "
    "one of the edge, too, if LiteLLM passes it on.",
    [Query(count(FAILED, "hop, outcome", "$__interval"), "{{hop}} {{outcome}}")],
    logs=True,
    bars=True,
    stacked=True,
    nothing=NO_LINE,
)

ERRORS = Logs(
    "What do errors say?",
    "Lines of the chosen containers with a word like error, critical or traceback, and with what is searched for. Lines that "
    "are alike but for their numbers are shown once.",
    [f"{CONTAINERS} {WRONG} {NOT_PROBES} {WANTED}"],
    duplicates="signature",
    nothing=NO_LINE,
)

FAILED_REQUESTS = Logs(
    "Which requests failed?",
    f"Lines of the access log with status error and the chosen model. {TRACE}",
    [
        f"{FAILED} {WANTED} "
        '| json | line_format "{{.hop}} {{.route}} {{.model}} {{.outcome}}: status {{.http_status}}, {{.duration_ms}} ms, '
        '{{.attempts}} attempts {{ if .left_out }}({{.left_out}} more left out){{ end }}"'
    ],
    nothing=NO_LINE,
)

SLOW_REQUESTS = Logs(
    "Which requests were slow?",
    "Lines of the access log whose first token took longer than slow_ms, or, where the answer was not streamed, whose whole "
    f"duration did. {TRACE}",
    [
        f"{REQUESTS} {WANTED} "
        '| json | ttft_ms > $slow_ms or (streamed="false" and duration_ms > $slow_ms) '
        '| line_format "{{.hop}} {{.route}} {{.model}} {{.outcome}}: first token {{.ttft_ms}} ms, whole {{.duration_ms}} ms, '
        '{{.output_tokens}} tokens"'
    ],
    nothing=NO_LINE,
)

ENGINES_COME_AND_GO = Logs(
    "How did engines start, and why did they end?",
    "Lines of engines that are said at a start (version, size of the KV cache) and when one ends by itself.",
    [
        f'{ENGINES} |~ "vLLM (API server )?version|Starting vLLM|KV cache size|Application startup complete|EngineDeadError'
        '|CUDA out of memory|OutOfMemoryError|Engine core proc .* died|Shutting down"'
    ],
    nothing=NO_LINE,
)

AGREE = Timeseries(
    "Does the access log say what the metrics say?",
    "The p95 of ttft_ms, from the lines. The board LLM traffic has it from histograms, which are exact to their edges; if they "
    "are far apart, lines are missing, or successes are sampled.",
    [
        Query(
            'quantile_over_time(0.95, {job="weir"} | model=~"$model" | json | ttft_ms != "" '
            '| unwrap ttft_ms | __error__="" [$__interval]) by (hop, model)',
            "{{hop}} {{model}}",
        )
    ],
    unit="ms",
    logs=True,
    logarithmic=True,
    nothing="No line has a first token",
)

LINES_PER_JOB = Timeseries(
    "Who writes how much?",
    "Lines per second by job. One that falls silent is as telling as one that shouts.",
    [Query('sum by (job) (rate({job=~".+"} [$__interval]))', "{{job}}")],
    unit="suffix:lines/s",
    logs=True,
    colours={"weir": BLUE, "containers": GREY},
    nothing="No line comes in: is Alloy up?",
)

ALL_LINES = Row(
    "Job by job",
    [
        [
            Logs(
                "What do engines complain of?",
                "Lines of engines with ERROR, as vLLM marks them.",
                ['{job="vllm-server"} |= "ERROR"'],
                nothing=NO_LINE,
            ),
            Logs(
                "What does LiteLLM complain of?",
                "Lines of LiteLLM that are errors or exceptions, and with what is searched for.",
                [f'{{job="litellm"}} |~ "(?i)error|exception" {NOT_PROBES} {WANTED}'],
                nothing=NO_LINE,
            ),
        ],
        [
            Logs(
                "What do Weir's parts complain of?",
                "Warnings and errors of the daemons' own log, which is not the access log.",
                ['{job="weir-log"} |~ "WARN|ERROR"'],
                nothing=NO_LINE,
            ),
            Logs(
                "What did load tests say?",
                "All lines of the load tester, whatever they say.",
                ['{job="vllm-benchmarks"}'],
                nothing=NO_LINE,
            ),
        ],
        [
            Logs(
                "What do the chosen containers say?",
                "All their lines with what is searched for, those of probes left out.",
                [f"{CONTAINERS} {NOT_PROBES} {WANTED}"],
                nothing=NO_LINE,
            ),
            Logs(
                "Which requests were there?",
                f"All lines of the access log with the chosen model and what is searched for. {TRACE}",
                [f"{REQUESTS} {WANTED}"],
                nothing=NO_LINE,
            ),
        ],
    ],
    folded=True,
)

PIPELINE = Row(
    "Do all lines arrive?",
    [
        [
            Timeseries(
                "Do as many lines arrive as are sent?",
                "loki_write_sent_entries_total, sent by Alloy, and loki_distributor_lines_received_total, received by Loki. "
                "weir_access_log_lines_total: written by Weir.",
                [
                    Query("sum(rate(loki_write_sent_entries_total[$__rate_interval]))", "sent by Alloy"),
                    Query("sum(rate(loki_distributor_lines_received_total[$__rate_interval]))", "received by Loki"),
                    Query(
                        'sum(rate(weir_access_log_lines_total{result="written"}[$__rate_interval]))', "access log, written"
                    ),
                ],
                unit="suffix:lines/s",
                nothing="Neither Alloy nor Loki nor Weir is scraped",
            ),
            Timeseries(
                "Where are lines lost?",
                "loki_write_dropped_entries_total (Alloy, after its retries), loki_process_dropped_lines_total (Alloy, by a rule: "
                "probes, and lines that are no JSON), loki_discarded_samples_total (Loki), weir_access_log_lines_total (Weir).",
                [
                    Query(
                        "sum by (reason) (rate(loki_write_dropped_entries_total[$__rate_interval]))", "Alloy: {{reason}}"
                    ),
                    Query(
                        "sum by (reason) (rate(loki_process_dropped_lines_total[$__rate_interval]))",
                        "Alloy's rules: {{reason}}",
                    ),
                    Query("sum by (reason) (rate(loki_discarded_samples_total[$__rate_interval]))", "Loki: {{reason}}"),
                    Query(
                        'sum by (result) (rate(weir_access_log_lines_total{result!="written"}[$__rate_interval]))',
                        "Weir: {{result}}",
                    ),
                ],
                unit="suffix:lines/s",
                nothing="Neither Alloy nor Loki nor Weir is scraped",
            ),
            Timeseries(
                "Is Loki well?",
                "loki_ingester_memory_streams: many thousands mean that some label has too many values. loki_panic_total: "
                "questions or writes that made it fail.",
                [
                    Query("sum(loki_ingester_memory_streams)", "streams"),
                    Query("sum(rate(loki_panic_total[$__rate_interval]))", "panics per second"),
                ],
                right={"panics per second": "ops"},
                nothing="Loki is not scraped",
            ),
        ],
        [
            Timeseries(
                "How fast does Loki answer?",
                "loki_request_duration_seconds, p95 by route: of questions, and of what Alloy sends.",
                [
                    Query(
                        "histogram_quantile(0.95, sum by (le, route) "
                        "(rate(loki_request_duration_seconds_bucket[$__rate_interval])))",
                        "{{route}}",
                    )
                ],
                unit="s",
                logarithmic=True,
                nothing="Loki is not scraped",
            ),
            Timeseries(
                "How much do logs weigh?",
                "loki_distributor_bytes_received_total: uncompressed; on disk it is about a tenth.",
                [Query("sum(rate(loki_distributor_bytes_received_total[$__rate_interval]))", "received by Loki")],
                unit="Bps",
                nothing="Loki is not scraped",
            ),
        ],
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-logs",
    title="Logs",
    question="What do the logs say about this error?",
    variables=[LOGS, CONTAINER, EVERY_MODEL, SEARCH, SLOW],
    since="1h",
    rows=[
        TILES,
        [WHICH_REQUESTS, WHICH_CONTAINERS],
        [FAILURES_OVER_TIME, ERRORS_OVER_TIME],
        [ERRORS],
        [FAILED_REQUESTS],
        [SLOW_REQUESTS],
        [ENGINES_COME_AND_GO],
        [AGREE, LINES_PER_JOB],
        ALL_LINES,
        PIPELINE,
    ],
)
