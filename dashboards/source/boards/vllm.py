"""The engines by their own metrics, whatever version they have: discovery reads them, under one set of names.

Engines are told apart by container and by its id. Quantiles are never merged over engines: their histograms have
other edges in other versions. Means and rates may be.
"""

from board import Board, Row
from links import cell, label, to_board
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
from queries import ENGINES, divide, engines_down, increase, mean, quantile, rate, select, with_short_id
from variables import ENGINE, ENGINE_MODEL

ONE = "container, container_id"
NAME = "{{container}} {{id}}"
# What discovery says of reading an engine has no model.
BY_CONTAINER = 'container=~"$container"'

NO_ENGINE = "No engine's metrics are read"
THIS_ENGINE = [
    to_board("weir-vllm", "Only this engine", container=label("container")),
    to_board("weir-containers", "Its container", container=label("container")),
    to_board("weir-logs", "Its logs", container=label("container")),
]


def now(metric, labels=ENGINES, operator="sum"):
    return f"{operator} by ({ONE}) ({select(metric, labels)})"


def by_engine(expression, what=""):
    """A query with a series for each engine, called by its name, and by what it shows if there are others."""
    return Query(with_short_id(expression), f"{NAME} {what}".strip())


def p95(title, description, histogram):
    return Timeseries(
        title,
        description,
        [by_engine(quantile(0.95, histogram, ENGINES, ONE))],
        unit="s",
        logarithmic=True,
        links=THIS_ENGINE,
        nothing="No engine has ended a request, or all are too old to tell",
    )


TILES = [
    Stat(
        "How many engines are down?",
        "llm_engine_up, 0 where an engine does not answer, but for those whose container is loading (llm_container_state), and "
        "those that another of the same name has taken the place of.",
        [engines_down(ENGINES)],
        thresholds=limits((1, RED)),
        links=[to_board("weir-containers", "Docker containers")],
        nothing="No engine is known",
    ),
    Stat(
        "How many requests run?",
        "llm_engine_requests_running: in the batches of all engines.",
        [f"sum({select('llm_engine_requests_running', ENGINES)})"],
        nothing=NO_ENGINE,
    ),
    Stat(
        "How many requests wait?",
        "llm_engine_requests_waiting: queued inside all engines. A few for a moment are a burst; for minutes, the engines "
        "are too small for what is asked of them.",
        [f"sum({select('llm_engine_requests_waiting', ENGINES)})"],
        thresholds=limits((1, ORANGE), (20, RED)),
        nothing=NO_ENGINE,
    ),
    Stat(
        "How full is the fullest KV cache?",
        "llm_engine_kv_cache_usage_ratio, the largest. Full without waiting or preempted requests is well used, not ill.",
        [f"max({select('llm_engine_kv_cache_usage_ratio', ENGINES)})"],
        unit="percentunit",
        maximum=1,
        thresholds=limits((0.9, ORANGE), (0.98, RED)),
        nothing=NO_ENGINE,
    ),
    Stat(
        "How much is written per second?",
        "llm_engine_generation_tokens_total of all engines: it grows while answers are written.",
        [rate("llm_engine_generation_tokens_total", ENGINES)],
        unit="suffix:tok/s",
        decimals=0,
        nothing=NO_ENGINE,
    ),
    Stat(
        "How late is the slowest engine's first token (p95)?",
        "llm_engine_time_to_first_token_seconds, by the engines' own clocks: from the arrival at their API, queue "
        "included, network not. The p95 of the slowest engine, not of all requests.",
        [f"max({quantile(0.95, 'llm_engine_time_to_first_token_seconds', ENGINES, ONE)})"],
        unit="s",
        nothing="No engine has written a token",
    ),
    Stat(
        "How many requests lose their place?",
        "llm_engine_preemptions_total by llm_engine_requests_finished_total: whose KV cache was taken for others, and who "
        "were read again. One request may lose it several times.",
        [
            divide(
                rate("llm_engine_preemptions_total", ENGINES),
                rate("llm_engine_requests_finished_total", ENGINES),
            )
        ],
        unit="percentunit",
        thresholds=limits((0.01, ORANGE), (0.05, RED)),
        nothing="No request has ended",
    ),
    Stat(
        "How much of the prompts is cached?",
        "llm_engine_prefix_cache_hits_total by llm_engine_prefix_cache_queries_total, in tokens, of all engines that have "
        "prefix caching switched on.",
        [
            divide(
                rate("llm_engine_prefix_cache_hits_total", ENGINES),
                rate("llm_engine_prefix_cache_queries_total", ENGINES),
            )
        ],
        unit="percentunit",
        maximum=1,
        nothing="No prompt was looked up in a cache",
    ),
]

WHICH_ENGINE = Table(
    "Which engine is the bottleneck?",
    "One row per container, told apart by the id where two hosts have one of the same name. llm_engine_up and what it "
    "says of itself now; the p95 of the first token as of the last minute; preempted: llm_engine_preemptions_total over "
    "the range shown; up for: llm_container_start_time_seconds, of the container, loading included.",
    [
        Column(
            "Answers",
            with_short_id(f"max by ({ONE}, model, engine_version) ({select('llm_engine_up', ENGINES)})"),
            mappings=names(_1=("yes", GREEN), _0=("no", RED)),
        ),
        Column("Running", now("llm_engine_requests_running")),
        Column("Waiting", now("llm_engine_requests_waiting"), thresholds=limits((1, ORANGE), (20, RED))),
        Column(
            "KV cache",
            now("llm_engine_kv_cache_usage_ratio", operator="max"),
            "percentunit",
            limits((0.9, ORANGE), (0.98, RED)),
        ),
        Column("Output", rate("llm_engine_generation_tokens_total", ENGINES, ONE), "suffix:tok/s", decimals=0),
        Column("First token p95", quantile(0.95, "llm_engine_time_to_first_token_seconds", ENGINES, ONE), "s"),
        Column(
            "Preempted",
            increase("llm_engine_preemptions_total", ENGINES, ONE),
            thresholds=limits((1, ORANGE)),
            decimals=0,
        ),
        Column(
            "Up for",
            f"(time() - max by ({ONE}) ({select('llm_container_start_time_seconds', BY_CONTAINER)})) "
            f"and on (container_id) {select('llm_engine_up', ENGINES)}",
            "s",
            decimals=0,
        ),
    ],
    labels={"container": "Engine", "id": "Id", "model": "Model", "engine_version": "Version"},
    label_links={
        "container": [
            to_board("weir-vllm", "Only this engine", container=cell("Engine")),
            to_board("weir-containers", "Its container", container=cell("Engine")),
            to_board("weir-logs", "Its logs", container=cell("Engine")),
        ],
        "model": [to_board("weir-llm-traffic", "What clients get of it", hop="engine", model=cell("Model"))],
    },
    sort_by="Waiting",
    nothing="No engine is known: see whether discovery is scraped, on the board Weir itself",
)

QUEUE = Timeseries(
    "How many requests run, how many wait?",
    "llm_engine_requests_running on the left, llm_engine_requests_waiting on the right. An engine that always has some "
    "waiting is too small, or its max_num_seqs is.",
    [
        by_engine(now("llm_engine_requests_running"), "run"),
        by_engine(now("llm_engine_requests_waiting"), "wait"),
    ],
    right={"/ wait$/": "none"},
    dashed=("/ wait$/",),
    links=THIS_ENGINE,
    nothing=NO_ENGINE,
)

KV_CACHE = Timeseries(
    "Is the KV cache the limit?",
    "llm_engine_kv_cache_usage_ratio. A full cache is the limit only if requests wait or lose their place at the same "
    "time: see the charts beside.",
    [by_engine(now("llm_engine_kv_cache_usage_ratio", operator="max"))],
    unit="percentunit",
    minimum=0,
    maximum=1,
    lines=limits((0.9, ORANGE), (0.98, RED), from_below="transparent"),
    links=THIS_ENGINE,
    nothing=NO_ENGINE,
)

PREEMPTIONS = Timeseries(
    "Do requests lose their place?",
    "llm_engine_preemptions_total: requests per second whose KV cache was given to others. They are read again from their "
    "beginning, and their clients see a gap.",
    [by_engine(rate("llm_engine_preemptions_total", ENGINES, ONE))],
    unit="ops",
    bars=True,
    links=THIS_ENGINE,
    nothing=NO_ENGINE,
)

WHERE_TIME_GOES = Timeseries(
    "Where does a request spend its time?",
    "Means of llm_engine_request_queue_seconds, llm_engine_request_prefill_seconds and llm_engine_request_decode_seconds "
    "over all requests of the engines shown that have ended; only means may be put on top of each other. Waiting grows: "
    "too few engines. Reading grows: longer prompts, or less of them cached. Not there before vLLM 0.6.6.",
    [
        Query(mean("llm_engine_request_queue_seconds", ENGINES), "waiting"),
        Query(mean("llm_engine_request_prefill_seconds", ENGINES), "reading the prompt"),
        Query(mean("llm_engine_request_decode_seconds", ENGINES), "writing the answer"),
    ],
    unit="s",
    stacked=True,
    nothing="No request has ended, or the engines are too old to tell",
)

WORK = Timeseries(
    "How much work gets done?",
    "llm_engine_generation_tokens_total, written; llm_engine_prompt_tokens_total, read, cached ones included. Prompts are "
    "counted at once when they have been read: their peaks are real.",
    [
        by_engine(rate("llm_engine_generation_tokens_total", ENGINES, ONE), "written"),
        by_engine(rate("llm_engine_prompt_tokens_total", ENGINES, ONE), "read"),
    ],
    unit="suffix:tok/s",
    right={"/ read$/": "suffix:tok/s"},
    dashed=("/ read$/",),
    links=THIS_ENGINE,
    nothing=NO_ENGINE,
)

FIRST_TOKEN = p95(
    "How late is the first token (p95)?",
    "llm_engine_time_to_first_token_seconds, by the engine's own clock, queue included. Its first edge is at a millisecond, "
    "the next are far apart: a number between two edges is a guess. What clients see is on LLM traffic.",
    "llm_engine_time_to_first_token_seconds",
)

GAPS = p95(
    "How smooth is the stream (p95 gap)?",
    "llm_engine_inter_token_latency_seconds, between two outputs of a request. Its first edge is at 10 ms: whatever is "
    "faster is shown as somewhat below that.",
    "llm_engine_inter_token_latency_seconds",
)

PREFIX_CACHE = Timeseries(
    "Does prefix caching pay?",
    "llm_engine_prefix_cache_hits_total by llm_engine_prefix_cache_queries_total. The line is the target, weir_kpi_target of "
    "cache_hits. Prompts that have nothing in common can't hit, whatever the engine does.",
    [
        by_engine(
            divide(
                rate("llm_engine_prefix_cache_hits_total", ENGINES, ONE),
                rate("llm_engine_prefix_cache_queries_total", ENGINES, ONE),
            )
        )
    ],
    unit="percentunit",
    minimum=0,
    maximum=1,
    limit_from='weir_kpi_target{kpi="cache_hits"}',
    links=THIS_ENGINE,
    nothing="No prompt was looked up in a cache: is prefix caching switched on?",
)

BATCHES = Timeseries(
    "How full are the batches?",
    "Mean of llm_engine_iteration_tokens: tokens that an engine works on in one step, of prompts and answers. A mean is "
    "exact, while quantiles would lie between powers of two. Many small steps: the engine has room for more requests.",
    [by_engine(mean("llm_engine_iteration_tokens", ENGINES, ONE))],
    unit="suffix:tok/step",
    links=THIS_ENGINE,
    nothing="No engine works, or all are too old to tell",
)

ENDINGS = Timeseries(
    "How do requests finish, as the engines say?",
    "llm_engine_requests_finished_total by reason, and llm_engine_admission_rejections_total. Engines mostly do not count "
    "clients that leave: LLM traffic does. length: the answer was cut at max_tokens, or at the end of the context.",
    [
        Query(rate("llm_engine_requests_finished_total", ENGINES, "reason"), "{{reason}}"),
        Query(rate("llm_engine_admission_rejections_total", ENGINES, "reason"), "refused: {{reason}}"),
    ],
    unit="reqps",
    stacked=True,
    colours={"stop": GREEN, "abort": GREY, "error": RED},
    links=[to_board("weir-llm-traffic", "What clients got", hop="engine")],
    nothing="No request has ended",
)

WHOLE_ANSWERS = Row(
    "Whole answers",
    [
        [
            p95(
                "How long does a whole request take (p95)?",
                "llm_engine_request_duration_seconds, without those that clients have left. Its first edge is at 300 ms: "
                "whatever is faster is shown as somewhat below that.",
                "llm_engine_request_duration_seconds",
            ),
            p95(
                "How fast is one answer written (p95 per token)?",
                "llm_engine_time_per_output_token_seconds: the mean of each request. Not there before vLLM 0.11.",
                "llm_engine_time_per_output_token_seconds",
            ),
        ],
        [
            Timeseries(
                "How long are prompts and answers?",
                "Means of llm_engine_request_prompt_tokens and llm_engine_request_generation_tokens, over requests that "
                "have ended.",
                [
                    by_engine(mean("llm_engine_request_prompt_tokens", ENGINES, ONE), "prompt"),
                    by_engine(mean("llm_engine_request_generation_tokens", ENGINES, ONE), "answer"),
                ],
                unit="suffix:tok",
                nothing="No request has ended",
            ),
            Timeseries(
                "How much of what is read comes from a cache?",
                "llm_engine_prompt_tokens_cached_total by llm_engine_prompt_tokens_total: caches of other servers "
                "included, which the prefix cache's own hits are not. Not there before vLLM 0.16.",
                [
                    by_engine(
                        divide(
                            rate("llm_engine_prompt_tokens_cached_total", ENGINES, ONE),
                            rate("llm_engine_prompt_tokens_total", ENGINES, ONE),
                        )
                    )
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                nothing="Nothing was read, or the engines are too old to tell",
            ),
        ],
    ],
    folded=True,
)

COUNTS = Row(
    "Do engines and Weir count the same tokens?",
    [
        [
            Table(
                "Do engine and proxy agree on tokens?",
                "llm_engine_generation_tokens_total beside llm_tokens_total of the hop engine, over the range shown, of all "
                "engines of a model; requests for an alias stand by themselves. Last: "
                "model:llm_output_tokens_agreement:ratio_increase6h, aliases included, as the alert TokensDisagree has it. "
                "Below 1: an engine was not read, or was started anew. Above 1: requests past Weir, or clients that left.",
                [
                    Column(
                        "By the engine",
                        increase("llm_engine_generation_tokens_total", 'model=~"$engine_model"', "model"),
                        "short",
                    ),
                    Column(
                        "By Weir",
                        increase("llm_tokens_total", 'hop="engine",kind="output",model=~"$engine_model"', "model"),
                        "short",
                    ),
                    Column(
                        "Engine by Weir, six hours",
                        'sum by (model) (model:llm_output_tokens_agreement:ratio_increase6h{counted_by="engine"})',
                        "percentunit",
                        limits((0.9, GREEN), (1.1, ORANGE), from_below=ORANGE),
                    ),
                ],
                labels={"model": "Model"},
                label_links={
                    "model": [to_board("weir-llm-traffic", "What clients get of it", hop="engine", model=cell("Model"))]
                },
                sort_by="By the engine",
                nothing="No tokens were counted",
            )
        ]
    ],
    folded=True,
)

SPECULATION = Row(
    "Speculative decoding",
    [
        [
            Timeseries(
                "Does speculation pay?",
                "llm_engine_spec_decode_accepted_tokens_total by llm_engine_spec_decode_draft_tokens_total: of the tokens "
                "that were guessed, those that were taken.",
                [
                    by_engine(
                        divide(
                            rate("llm_engine_spec_decode_accepted_tokens_total", ENGINES, ONE),
                            rate("llm_engine_spec_decode_draft_tokens_total", ENGINES, ONE),
                        )
                    )
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                nothing="No engine speculates",
            ),
            Timeseries(
                "How many tokens does a guess bring?",
                "llm_engine_spec_decode_accepted_tokens_total by llm_engine_spec_decode_drafts_total. Besides them, each step "
                "writes one token of its own.",
                [
                    by_engine(
                        divide(
                            rate("llm_engine_spec_decode_accepted_tokens_total", ENGINES, ONE),
                            rate("llm_engine_spec_decode_drafts_total", ENGINES, ONE),
                        )
                    )
                ],
                unit="suffix:tok/draft",
                nothing="No engine speculates",
            ),
        ]
    ],
    folded=True,
)

SETTINGS = Row(
    "Settings",
    [
        [
            Table(
                "What is it configured with?",
                "llm_engine_cache_config_info, as the engine says it of itself. vLLM's Rust front end does not.",
                [
                    Column(
                        "There",
                        with_short_id(
                            f"max by ({ONE}, model, engine_version, block_size, cache_dtype, enable_prefix_caching, "
                            "gpu_memory_utilization, kv_cache_size_tokens, kv_cache_max_concurrency, num_gpu_blocks, "
                            f"num_cpu_blocks) ({select('llm_engine_cache_config_info', ENGINES)})"
                        ),
                    )
                ],
                labels={
                    "container": "Engine",
                    "id": "Id",
                    "model": "Model",
                    "engine_version": "Version",
                    "gpu_memory_utilization": "Part of the GPU's memory",
                    "kv_cache_size_tokens": "KV cache, tokens",
                    "kv_cache_max_concurrency": "Longest requests at once",
                    "num_gpu_blocks": "GPU blocks",
                    "num_cpu_blocks": "CPU blocks",
                    "block_size": "Block size",
                    "cache_dtype": "Type of the cache",
                    "enable_prefix_caching": "Prefix caching",
                },
                hidden=("There",),
                sort_by="Engine",
                ascending=True,
                nothing="No engine tells its settings",
            )
        ],
        [
            StateTimeline(
                "Which engine sleeps?",
                "llm_engine_sleep_state: 1 for the state that an engine is in. One that sleeps has its weights in the "
                "host's memory, or nowhere, and answers when it was woken. Not there before vLLM 0.11.1.",
                [
                    Query(
                        with_short_id(f"max by ({ONE}, sleep_state) ({select('llm_engine_sleep_state', ENGINES)})"),
                        f"{NAME}: {{{{sleep_state}}}}",
                    )
                ],
                mappings=names(_1=("yes", GREEN), _0=("no", GREY)),
                nothing="No engine tells whether it sleeps",
            )
        ],
    ],
    folded=True,
)

READING = Row(
    "Are the engines' metrics read?",
    [
        [
            Timeseries(
                "Can they be read?",
                "llm_engine_scrapes_total: how often discovery has read an engine's metrics, by what came of it.",
                [
                    by_engine(
                        rate("llm_engine_scrapes_total", BY_CONTAINER, f"{ONE}, result"),
                        "{{result}}",
                    )
                ],
                unit="ops",
                nothing="Discovery reads no engine",
            ),
            Timeseries(
                "How long does it take to read them?",
                "llm_engine_scrape_duration_seconds, of the last time. A busy engine answers late: what its API server has "
                "to do comes first.",
                [by_engine(now("llm_engine_scrape_duration_seconds", BY_CONTAINER, "max"))],
                unit="s",
                nothing="Discovery reads no engine",
            ),
            Timeseries(
                "What is passed over?",
                "llm_engine_samples_passed_over: samples of an engine's page that are not shown, by reason. listed and "
                "superseded are as they should be; many unknown ones are of a version that is newer than Weir.",
                [
                    by_engine(
                        f"max by ({ONE}, reason) ({select('llm_engine_samples_passed_over', BY_CONTAINER)})", "{{reason}}"
                    )
                ],
                nothing="No engine's page can be read",
            ),
        ]
    ],
    folded=True,
)

QUEUE_BY_REASON = Row(
    "What only some versions tell",
    [
        [
            Timeseries(
                "Why do requests wait?",
                "llm_engine_requests_waiting_by_reason, from vLLM 0.20 on: parts of llm_engine_requests_waiting.",
                [Query(f"sum by (reason) ({select('llm_engine_requests_waiting_by_reason', ENGINES)})", "{{reason}}")],
                stacked=True,
                nothing="No engine is new enough to tell",
            ),
            Timeseries(
                "How many requests are swapped out?",
                "llm_engine_requests_swapped: of vLLM's old engine, V0, until 0.8.4.",
                [by_engine(now("llm_engine_requests_swapped"))],
                nothing="No engine is that old",
            ),
        ],
        [
            Timeseries(
                "How much did V0 find in its prefix cache?",
                "llm_engine_prefix_cache_hit_ratio, of vLLM 0.6 to 0.8.4, as the engine works it out: since its start, not "
                "of the last minutes.",
                [by_engine(f"max by ({ONE}) ({select('llm_engine_prefix_cache_hit_ratio', ENGINES)})")],
                unit="percentunit",
                minimum=0,
                maximum=1,
                nothing="No engine is that old",
            ),
            Timeseries(
                "How long did V0's model run for a request?",
                "Mean of llm_engine_model_execute_seconds, of vLLM until 0.8.4, with detailed traces switched on.",
                [by_engine(mean("llm_engine_model_execute_seconds", ENGINES, ONE))],
                unit="s",
                nothing="No engine is that old",
            ),
        ],
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-vllm",
    title="vLLM engines",
    question="Which engine is the bottleneck, and why?",
    variables=[ENGINE, ENGINE_MODEL],
    since="1h",
    refresh="10s",
    rows=[
        TILES,
        [WHICH_ENGINE],
        [QUEUE, KV_CACHE, PREEMPTIONS],
        [WHERE_TIME_GOES, WORK],
        [FIRST_TOKEN, GAPS],
        [PREFIX_CACHE, BATCHES, ENDINGS],
        WHOLE_ANSWERS,
        COUNTS,
        SPECULATION,
        SETTINGS,
        READING,
        QUEUE_BY_REASON,
    ],
)
