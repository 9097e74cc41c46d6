"""Weir watching itself: whether its numbers can be trusted, and what it and the rest of the stack take and lose."""

from board import Board, Row
from links import cell, to_board
from panels import (
    GREEN,
    ORANGE,
    RED,
    Column,
    Query,
    Stat,
    Table,
    Timeseries,
    limits,
    names,
)
from queries import divide, increase, quantile, rate
from variables import label_values

INSTANCE = label_values("instance", "Part of Weir", 'up{job=~"weir.*"}', "instance")

HERE = 'instance=~"$instance"'
DAEMONS = f'job=~"weir.*",{HERE}'
# Each hop by itself: the two see the same requests.
BOTH_HOPS = f'hop=~"edge|engine",{HERE}'

UP = names(_1=("up", GREEN), _0=("down", RED))
READ = names(_1=("read", GREEN), _0=("fails", RED))
ACCEPTED = names(_1=("in force", GREEN), _0=("refused", RED))
BAD_AT_ZERO = limits((1, GREEN), from_below=RED)

# Begun, less ended, less in flight; by instance and hop.
UNACCOUNTED = (
    f"abs(sum by (instance, hop) (llm_requests_started_total{{{BOTH_HOPS}}})"
    f" - sum by (instance, hop) (llm_requests_total{{{BOTH_HOPS}}})"
    f" - sum by (instance, hop) (llm_active_requests{{{BOTH_HOPS}}}))"
)


def missing(gauge, labels=""):
    """How many are 0 that should be 1."""
    series = f"{gauge}{{{labels}}}" if labels else gauge
    return f"count({series}) - sum({series})"


TILES = [
    Stat(
        "Does the ledger balance?",
        "llm_requests_started_total less llm_requests_total less llm_active_requests, which has to be nothing. The least of the "
        "last 30 minutes: a scrape may fall between two of them.",
        [f"max(min_over_time({UNACCOUNTED}[30m:1m]))"],
        thresholds=limits((1, RED)),
        nothing="No proxy is scraped",
    ),
    Stat(
        "What does Weir add (p99)?",
        "llm_proxy_overhead_seconds by hop: from the request's head to the last byte handed on, connecting left out. A client "
        "that sends its body slowly is in it.",
        [Query(quantile(0.99, "llm_proxy_overhead_seconds", BOTH_HOPS, "hop"), "{{hop}}")],
        unit="s",
        thresholds=limits((0.002, ORANGE), (0.01, RED)),
        nothing="Nothing was handed on",
    ),
    Stat(
        "How often did it not look?",
        "weir_meter_degraded_total over the range: requests of which the meter saw less than everything. Their bytes went "
        "through.",
        [increase("weir_meter_degraded_total", HERE)],
        decimals=0,
        only_now=True,
        thresholds=limits((1, ORANGE)),
        nothing="No proxy is scraped",
    ),
    Stat(
        "How many sources fail?",
        "weir_source_up: container runtime, engines, LiteLLM, LangFuse, the GPU driver, routes of discovery. The table says which.",
        [missing("weir_source_up", HERE)],
        thresholds=limits((1, RED)),
        nothing="No part of Weir is scraped",
    ),
    Stat(
        "How many scrapes fail?",
        "up, of all jobs of Prometheus. A container that has ended stays for five minutes.",
        [missing("up")],
        thresholds=limits((1, ORANGE)),
        nothing="Prometheus scrapes nothing",
    ),
    Stat(
        "Is a configuration refused?",
        "weir_config_last_reload_success: where one was refused, the one before it is still in force.",
        [missing("weir_config_last_reload_success", HERE)],
        thresholds=limits((1, RED)),
        nothing="No part of Weir is scraped",
    ),
    Stat(
        "How many versions run?",
        "weir_build_info: more than one is an upgrade that has not ended.",
        [f"count(count by (version) (weir_build_info{{{HERE}}}))"],
        thresholds=limits((2, ORANGE)),
        nothing="No part of Weir is scraped",
    ),
    Stat(
        "Are the GPUs real?",
        "weir_source_simulated of the GPU exporter: with --source simulate no number of it is.",
        [f"max(weir_source_simulated{{{HERE}}})"],
        mappings=names(_0=("yes", GREEN), _1=("simulated", ORANGE)),
        thresholds=limits((1, ORANGE)),
        links=[to_board("weir-gpu", "GPU usage")],
        nothing="No GPU exporter is scraped",
    ),
]

PARTS = Table(
    "Which part of Weir is in trouble?",
    "One row for each daemon: up, its version (weir_build_info), whether its last configuration was accepted, processor time "
    "(process_cpu_seconds_total), memory, file descriptors of those it may open, threads, and when it was started.",
    [
        Column("Up", f"max by (job, instance) (up{{{DAEMONS}}})", mappings=UP, thresholds=BAD_AT_ZERO),
        Column("Build", f"max by (job, instance, version, revision) (weir_build_info{{{DAEMONS}}})"),
        Column(
            "Configuration",
            f"min by (job, instance) (weir_config_last_reload_success{{{DAEMONS}}})",
            mappings=ACCEPTED,
            thresholds=BAD_AT_ZERO,
        ),
        Column("Cores", rate("process_cpu_seconds_total", DAEMONS, "job, instance"), decimals=3),
        Column("Memory", f"max by (job, instance) (process_resident_memory_bytes{{{DAEMONS}}})", "bytes"),
        Column(
            "Descriptors",
            f"max by (job, instance) (process_open_fds{{{DAEMONS}}} / process_max_fds{{{DAEMONS}}})",
            "percentunit",
            limits((0.7, ORANGE), (0.9, RED)),
        ),
        Column("Threads", f"max by (job, instance) (process_threads{{{DAEMONS}}})"),
        Column("Started", f"max by (job, instance) (process_start_time_seconds{{{DAEMONS}}}) * 1000", "dateTimeFromNow"),
    ],
    labels={"job": "Part", "instance": "Where", "version": "Version", "revision": "Revision"},
    label_links={"instance": [to_board("weir-self", "Only this one", instance=cell("Where"))]},
    hidden=("Build",),
    sort_by="Part",
    ascending=True,
    nothing="No part of Weir is scraped",
)

ADDED = Timeseries(
    "What does Weir add?",
    "llm_proxy_overhead_seconds by hop, and llm_upstream_connect_seconds where no pooled connection was used. Its own work is below "
    "a millisecond: more is a client that sends slowly, or a machine that is too busy.",
    [
        Query(quantile(0.5, "llm_proxy_overhead_seconds", BOTH_HOPS, "hop"), "{{hop}} p50"),
        Query(quantile(0.99, "llm_proxy_overhead_seconds", BOTH_HOPS, "hop"), "{{hop}} p99"),
        Query(quantile(0.95, "llm_upstream_connect_seconds", BOTH_HOPS, "hop"), "{{hop}} connecting p95"),
    ],
    unit="s",
    logarithmic=True,
    lines=limits((0.002, ORANGE), (0.01, RED), from_below="transparent"),
    dashed=("/connecting/",),
    nothing="Nothing was handed on",
)

NOT_SEEN = Timeseries(
    "What does Weir not see?",
    "weir_meter_degraded_total by reason: an answer too large, broken, or encoded in a way that can't be read; on the right "
    "weir_passthrough_requests_total, what runs no model and is in no llm_ metric.",
    [
        Query(rate("weir_meter_degraded_total", HERE, "reason"), "{{reason}}"),
        Query(rate("weir_passthrough_requests_total", BOTH_HOPS, "hop"), "{{hop}} passed through"),
    ],
    unit="reqps",
    right={"/passed through/": "reqps"},
    nothing="No proxy is scraped",
)

REFUSED = Timeseries(
    "What does Weir refuse or repeat?",
    "weir_rejections_total by reason: its own limits, keys, and routes that are not there; weir_upstream_retries_total: after a "
    "connection that was stale or refused.",
    [
        Query(rate("weir_rejections_total", HERE, "reason") + " > 0", "{{reason}}"),
        Query(rate("weir_upstream_retries_total", BOTH_HOPS, "hop"), "sent again at {{hop}}"),
    ],
    unit="reqps",
    nothing="No proxy is scraped",
)

SOURCES = Table(
    "Are the sources fresh?",
    "weir_source_up and the age of weir_source_last_success_timestamp_seconds: what is read, by which part of Weir, each "
    "instance by itself: one that reads does not hide another that can't. "
    "The container runtime and LangFuse are asked once a minute, others every few seconds.",
    [
        Column("State", f"min by (job, instance, source, name) (weir_source_up{{{HERE}}})", mappings=READ, thresholds=BAD_AT_ZERO),
        Column(
            "Age",
            f"time() - max by (job, instance, source, name) (weir_source_last_success_timestamp_seconds{{{HERE}}})",
            "s",
            limits((150, ORANGE), (300, RED)),
            decimals=0,
        ),
    ],
    labels={"job": "Part", "instance": "Where", "source": "Source", "name": "Name"},
    sort_by="State",
    ascending=True,
    nothing="No part of Weir is scraped",
)

DOWN = Table(
    "Which scrape fails?",
    "up, where it is 0: of all jobs of Prometheus.",
    [Column("Targets", "count by (job, instance) (up == 0)")],
    labels={"job": "Job", "instance": "Where"},
    hidden=("Targets",),
    nothing="None fails, or Prometheus scrapes nothing: see the tile above",
)

PROCESSOR = Timeseries(
    "How much processor time does it take?",
    "process_cpu_seconds_total of each part of Weir, in cores.",
    [Query(rate("process_cpu_seconds_total", DAEMONS, "job, instance"), "{{job}} {{instance}}")],
    unit="suffix:cores",
    nothing="No part of Weir is scraped",
)

MEMORY = Timeseries(
    "How much memory does it take?",
    "process_resident_memory_bytes of each part of Weir; dashed and on the right its address space, "
    "process_virtual_memory_bytes, which is no memory until it is used.",
    [
        Query(f"max by (job, instance) (process_resident_memory_bytes{{{DAEMONS}}})", "{{job}} {{instance}}"),
        Query(f"max by (job, instance) (process_virtual_memory_bytes{{{DAEMONS}}})", "{{job}} {{instance}} address space"),
    ],
    unit="bytes",
    right={"/address space/": "bytes"},
    dashed=("/address space/",),
    nothing="No part of Weir is scraped",
)

SERIES = Timeseries(
    "How many samples does a scrape have?",
    "scrape_samples_post_metric_relabeling by job, one scrape of all its targets; stored every 15 seconds unless set.",
    [Query("sum by (job) (scrape_samples_post_metric_relabeling)", "{{job}}")],
    unit="short",
    nothing="Prometheus scrapes nothing",
)

SLOW = Timeseries(
    "How slow is a scrape?",
    "scrape_duration_seconds by job, of its slowest target. Above the scrape's timeout, 10 s unless set, there is no data.",
    [Query("max by (job) (scrape_duration_seconds)", "{{job}}")],
    unit="s",
    logarithmic=True,
    nothing="Prometheus scrapes nothing",
)

LOST = Row(
    "Logs, spans, labels, connections",
    [
        [
            Timeseries(
                "Are lines of the access log lost?",
                "weir_access_log_lines_total by result: dropped could not be written, or not fast enough; suppressed were too "
                "many alike.",
                [Query(rate("weir_access_log_lines_total", HERE, "result"), "{{result}}")],
                unit="ops",
                colours={"dropped": RED},
                nothing="No proxy is scraped",
            ),
            Timeseries(
                "Are spans lost?",
                "weir_telemetry_spans_total by result: dropped, since the queue was full; failed, since the collector did not "
                "take them. All stay at 0 where no collector is named.",
                [Query(rate("weir_telemetry_spans_total", HERE, "result"), "{{result}}")],
                unit="ops",
                colours={"dropped": RED, "failed": RED},
                nothing="No proxy is scraped",
            ),
        ],
        [
            Timeseries(
                "Do labels overflow?",
                "weir_label_overflow_total by label: names that got no series of their own and are counted as other.",
                [Query(rate("weir_label_overflow_total", DAEMONS, "job, label"), "{{job}} {{label}}")],
                unit="ops",
                nothing="No part of Weir is scraped",
            ),
            Timeseries(
                "How many connections are open?",
                "weir_client_connections by listener; over HTTP/2 one carries many requests.",
                [Query(f"sum by (listener) (weir_client_connections{{{HERE}}})", "{{listener}}")],
                nothing="No proxy is scraped",
            ),
            Timeseries(
                "Are configurations read again?",
                "weir_config_reloads_total by part and result; the start is none.",
                [Query(rate("weir_config_reloads_total", DAEMONS, "job, result"), "{{job}} {{result}}")],
                unit="ops",
                nothing="No part of Weir is scraped",
            ),
        ],
    ],
    folded=True,
)

EXPORTERS = Row(
    "GPU exporter and discovery",
    [
        [
            Timeseries(
                "How long does it take to read the GPUs?",
                "weir_gpu_read_seconds: the last read of all GPUs. Beyond its interval, 1 s unless set, readings are late.",
                [Query(f"max by (instance) (weir_gpu_read_seconds{{{HERE}}})", "{{instance}}")],
                unit="s",
                nothing="No GPU exporter is scraped, or it can't read",
            ),
            Timeseries(
                "Do reads of the GPUs fail?",
                "weir_gpu_reads_total by result: reads of all GPUs, and attempts at opening the driver.",
                [Query(rate("weir_gpu_reads_total", HERE, "result"), "{{result}}")],
                unit="ops",
                colours={"success": GREEN, "error": RED, "timeout": ORANGE},
                nothing="No GPU exporter is scraped",
            ),
        ],
        [
            Timeseries(
                "Can discovery read the engines?",
                "llm_engine_scrapes_total by container and result.",
                [Query(rate("llm_engine_scrapes_total", HERE, "container, result"), "{{container}} {{result}}")],
                unit="ops",
                nothing="No engine is known",
            ),
            Timeseries(
                "How long does reading an engine take?",
                "llm_engine_scrape_duration_seconds by container, of the last reading, successful or not.",
                [Query(f"max by (container) (llm_engine_scrape_duration_seconds{{{HERE}}})", "{{container}}")],
                unit="s",
                nothing="No engine is known",
            ),
            Table(
                "What of the engines' metrics is left out?",
                "llm_engine_samples_passed_over by reason: unknown are metrics that this version of Weir has no name for; limit is an "
                "engine with too many.",
                [
                    Column(
                        "Samples",
                        f"max by (container, reason) (llm_engine_samples_passed_over{{{HERE}}}) > 0",
                        decimals=0,
                    )
                ],
                labels={"container": "Engine", "reason": "Reason"},
                label_links={"container": [to_board("weir-vllm", "This engine", container=cell("Engine"))]},
                sort_by="Samples",
                nothing="Nothing is left out, or no engine can be read",
            ),
        ],
    ],
    folded=True,
)

STACK = Row(
    "Prometheus, and what is around it",
    [
        [
            Timeseries(
                "How many series does Prometheus hold?",
                "prometheus_tsdb_head_series, and on the right prometheus_tsdb_head_samples_appended_total per second.",
                [
                    Query("max by (instance) (prometheus_tsdb_head_series)", "{{instance}} series"),
                    Query(
                        rate("prometheus_tsdb_head_samples_appended_total", by="instance"), "{{instance}} samples per second"
                    ),
                ],
                unit="short",
                right={"/samples per second$/": "ops"},
                nothing="Prometheus does not scrape itself",
            ),
            Timeseries(
                "How much does it store?",
                "prometheus_tsdb_storage_blocks_bytes. The last two or three hours are in no block yet, but in its write-ahead log.",
                [Query("max by (instance) (prometheus_tsdb_storage_blocks_bytes)", "{{instance}}")],
                unit="bytes",
                nothing="Prometheus does not scrape itself",
            ),
        ],
        [
            Timeseries(
                "Do rules keep up?",
                "prometheus_rule_group_last_duration_seconds, of prometheus_rule_group_interval_seconds, by group.",
                [
                    Query(
                        divide(
                            "max by (rule_group) (prometheus_rule_group_last_duration_seconds)",
                            "max by (rule_group) (prometheus_rule_group_interval_seconds)",
                        ),
                        "{{rule_group}}",
                    )
                ],
                unit="percentunit",
                soft_maximum=1,
                lines=limits((0.5, ORANGE), (1, RED), from_below="transparent"),
                nothing="Prometheus does not scrape itself, or has no rules",
            ),
            Timeseries(
                "What goes wrong in Prometheus?",
                "prometheus_rule_evaluation_failures_total, prometheus_rule_group_iterations_missed_total, "
                "prometheus_sd_http_failures_total, and notifications that were dropped or failed. Each should be 0.",
                [
                    Query(rate("prometheus_rule_evaluation_failures_total"), "rules that fail"),
                    Query(rate("prometheus_rule_group_iterations_missed_total"), "rules too late"),
                    Query(rate("prometheus_sd_http_failures_total"), "lists of targets that can't be had"),
                    Query(rate("prometheus_notifications_dropped_total"), "notifications dropped"),
                    Query(rate("prometheus_notifications_errors_total"), "notifications failed"),
                ],
                unit="ops",
                nothing="Prometheus does not scrape itself",
            ),
            Timeseries(
                "Does Alertmanager get through?",
                "alertmanager_notifications_total, and alertmanager_notifications_failed_total, to all receivers together.",
                [
                    Query(rate("alertmanager_notifications_total"), "tried"),
                    Query(rate("alertmanager_notifications_failed_total"), "failed"),
                ],
                unit="ops",
                colours={"failed": RED},
                nothing="Alertmanager is not scraped",
            ),
        ],
        [
            Timeseries(
                "Do logs arrive?",
                "loki_write_sent_entries_total of Alloy and loki_distributor_lines_received_total of Loki, and what was lost: "
                "loki_write_dropped_entries_total, loki_discarded_samples_total.",
                [
                    Query(rate("loki_write_sent_entries_total"), "sent by Alloy"),
                    Query(rate("loki_distributor_lines_received_total"), "received by Loki"),
                    Query(rate("loki_write_dropped_entries_total"), "dropped by Alloy"),
                    Query(rate("loki_discarded_samples_total"), "discarded by Loki"),
                ],
                unit="suffix:lines/s",
                colours={"dropped by Alloy": RED, "discarded by Loki": ORANGE},
                links=[to_board("weir-logs", "Logs")],
                nothing="Neither Alloy nor Loki is scraped",
            ),
            Timeseries(
                "Do spans arrive?",
                "tempo_distributor_spans_received_total, and tempo_discarded_spans_total by reason.",
                [
                    Query(rate("tempo_distributor_spans_received_total"), "received"),
                    Query(rate("tempo_discarded_spans_total", by="reason"), "discarded: {{reason}}"),
                ],
                unit="suffix:spans/s",
                nothing="Tempo is not scraped",
            ),
            Timeseries(
                "Do dashboards get their answers?",
                "grafana_datasource_request_total by data source and code.",
                [
                    Query(
                        rate("grafana_datasource_request_total", by="datasource_type, code"), "{{datasource_type}} {{code}}"
                    )
                ],
                unit="reqps",
                nothing="Grafana is not scraped",
            ),
        ],
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-self",
    title="Weir itself",
    question="Can I trust the numbers, and what does Weir cost?",
    variables=[INSTANCE],
    rows=[
        TILES,
        [PARTS],
        [SOURCES, DOWN],
        [ADDED, NOT_SEEN, REFUSED],
        [PROCESSOR, MEMORY],
        [SERIES, SLOW],
        LOST,
        EXPORTERS,
        STACK,
    ],
)
