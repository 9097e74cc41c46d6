"""Containers as the runtime has them (llm_container_*, by discovery), and what they take of the host (cAdvisor).

cAdvisor's series get `container` and `container_id` where they are scraped: config/prometheus/stack.yml.
"""

from board import Board, Row
from links import cell, label, to_board
from panels import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    BarChart,
    BarGauge,
    Column,
    Query,
    Stat,
    StateTimeline,
    Table,
    Timeseries,
    limits,
    names,
)
from queries import divide, increase, rate, select, with_short_id
from variables import CONTAINER

ONE = "container, container_id"
NAME = "{{container}} {{id}}"
CHOSEN = 'container=~"$container"'

NO_CONTAINER = "No container is known: can discovery read the container runtime?"
NO_USE = "No container is known to cAdvisor, or cAdvisor is not scraped"

THIS_CONTAINER = [
    to_board("weir-containers", "Only this container", container=label("container")),
    to_board("weir-logs", "Its logs", container=label("container")),
]
OF_CONTAINER = {
    "container": [
        to_board("weir-containers", "Only this container", container=cell("Container")),
        to_board("weir-logs", "Its logs", container=cell("Container")),
        to_board("weir-vllm", "Its engine, if it is one", container=cell("Container")),
    ]
}

# A container is in one state; its number, so that all fit into one line of a chart.
STATES = {
    "running": GREEN,
    "loading": BLUE,
    "created": GREY,
    "paused": GREY,
    "exited": GREY,
    "removed": GREY,
    "unhealthy": ORANGE,
    "restarting": RED,
    "dead": RED,
}


def state_as_number():
    states = " or ".join(
        f'{at} * llm_container_state{{{CHOSEN},state="{state}"}} > 0' for at, state in enumerate(STATES, start=1)
    )
    return f"max by ({ONE}) ({states})"


def in_state(states):
    return f'sum(llm_container_state{{{CHOSEN},state=~"{states}"}})'


def since(metric, by=""):
    return increase(metric, CHOSEN, by)


def named(expression, what=""):
    return Query(with_short_id(expression), f"{NAME} {what}".strip())


def used(metric, operator="sum"):
    return f"{operator} by ({ONE}) ({select(metric, CHOSEN)})"


OF_MEMORY = divide(used("container_memory_working_set_bytes", "max"), used("container_spec_memory_limit_bytes", "max"))
ALMOST_ALL_MEMORY = limits((0.8, ORANGE), (0.9, RED))

TILES = [
    Stat(
        "How many run?",
        "llm_container_state: containers that run, those whose engine is still loading included.",
        [in_state("running|loading")],
        nothing=NO_CONTAINER,
    ),
    Stat(
        "How many load a model?",
        "llm_container_state loading: the container runs, and the engine in it has not answered since its start.",
        [in_state("loading")],
        nothing=NO_CONTAINER,
    ),
    Stat(
        "How many are sick?",
        "llm_container_state: unhealthy by their own health check, restarting, or dead. One that has exited may be done.",
        [in_state("unhealthy|restarting|dead")],
        thresholds=limits((1, RED)),
        nothing=NO_CONTAINER,
    ),
    Stat(
        "How many restarts were there?",
        "llm_container_restarts_total in the range shown: the runtime has started it again by itself. Restarts by hand "
        "don't count.",
        [since("llm_container_restarts_total")],
        decimals=0,
        thresholds=limits((1, ORANGE), (3, RED)),
        only_now=True,
        nothing=NO_CONTAINER,
    ),
    Stat(
        "How many kills for memory?",
        "llm_container_oom_killed_total in the range shown: the kernel has killed in a container, not always its main "
        "process, so the container may go on as if nothing had happened.",
        [since("llm_container_oom_killed_total")],
        decimals=0,
        thresholds=limits((1, RED)),
        only_now=True,
        nothing=NO_CONTAINER,
    ),
    Stat(
        "How many engines failed to load?",
        "llm_container_load_failures_total in the range shown: starts that ended before the engine had answered.",
        [since("llm_container_load_failures_total")],
        decimals=0,
        thresholds=limits((1, RED)),
        only_now=True,
        nothing="No container is an engine",
    ),
]

WHICH = Table(
    "Which container is sick?",
    "llm_container_state now, and in the range shown: llm_container_restarts_total, llm_container_oom_killed_total, "
    "llm_container_load_failures_total. Up for: since llm_container_start_time_seconds. Memory: of its limit, if it has one.",
    [
        Column(
            "There",
            with_short_id(
                f"max by ({ONE}, state) ({select('llm_container_state', CHOSEN)} == 1) "
                f"* on ({ONE}) group_left (role, model) topk by ({ONE}) (1, max by ({ONE}, role, model) "
                f"({select('llm_container_info', CHOSEN)}))"
            ),
        ),
        Column("Restarts", since("llm_container_restarts_total", ONE), "none", limits((1, ORANGE), (3, RED)), decimals=0),
        Column("Killed for memory", since("llm_container_oom_killed_total", ONE), "none", limits((1, RED)), decimals=0),
        Column("Failed to load", since("llm_container_load_failures_total", ONE), "none", limits((1, RED)), decimals=0),
        Column("Up for", f"time() - {used('llm_container_start_time_seconds', 'max')}", "s", decimals=0),
        Column("Memory", OF_MEMORY, "percentunit", ALMOST_ALL_MEMORY, decimals=0),
    ],
    labels={"container": "Container", "id": "Id", "state": "State", "role": "Role", "model": "Model"},
    label_links=OF_CONTAINER,
    label_mappings={"state": names(**{state: (state, colour) for state, colour in STATES.items()})},
    hidden=("There",),
    sort_by="Restarts",
    nothing=NO_CONTAINER,
)

STATE = StateTimeline(
    "Which run, which load, which died?",
    "llm_container_state. One that was a target stays for five minutes after it is removed; others are gone at once.",
    [named(state_as_number())],
    mappings=names(**{f"_{at}": (state, colour) for at, (state, colour) in enumerate(STATES.items(), start=1)}),
    links=THIS_CONTAINER,
    height=10,
    nothing=NO_CONTAINER,
)

LOADING = BarChart(
    "How long do models take to load?",
    "llm_container_load_seconds: from a container's last start to its engine's first answer. Not there for those that were "
    "up before discovery looked.",
    [f"max by (container) ({select('llm_container_load_seconds', CHOSEN)})"],
    by="container",
    unit="s",
    height=10,
    nothing="No engine was started while discovery looked",
)

CPU = Timeseries(
    "Who uses the processors?",
    "container_cpu_usage_seconds_total: processors in use. An engine that waits for its GPU keeps at least one busy.",
    [named(rate("container_cpu_usage_seconds_total", CHOSEN, ONE))],
    unit="suffix:cores",
    links=THIS_CONTAINER,
    nothing=NO_USE,
)

CPU_LIMIT = Timeseries(
    "Who is held back by a processor limit?",
    "container_cpu_cfs_throttled_periods_total by container_cpu_cfs_periods_total: part of the kernel's periods in which it "
    "had to wait for the next. Only containers that have a limit have any.",
    [
        named(
            divide(
                rate("container_cpu_cfs_throttled_periods_total", CHOSEN, ONE),
                rate("container_cpu_cfs_periods_total", CHOSEN, ONE),
            )
        )
    ],
    unit="percentunit",
    minimum=0,
    maximum=1,
    lines=limits((0.05, ORANGE), (0.25, RED), from_below="transparent"),
    links=THIS_CONTAINER,
    nothing="No container has a processor limit, or cAdvisor is not scraped",
)

MEMORY = BarGauge(
    "Who nears its memory limit?",
    "container_memory_working_set_bytes by container_spec_memory_limit_bytes, now. Without a limit there is nothing to near: "
    "then the host's memory is the limit.",
    [named(OF_MEMORY)],
    unit="percentunit",
    minimum=0,
    maximum=1,
    thresholds=ALMOST_ALL_MEMORY,
    links=THIS_CONTAINER,
    nothing="No container has a memory limit, or cAdvisor is not scraped",
)

DISK = Timeseries(
    "Who reads and writes disks?",
    "container_fs_reads_bytes_total and container_fs_writes_bytes_total. A model that is loaded reads all its weights, "
    "unless the host has them in memory.",
    [
        named(rate("container_fs_reads_bytes_total", CHOSEN, ONE), "reads"),
        named(rate("container_fs_writes_bytes_total", CHOSEN, ONE), "writes"),
    ],
    unit="Bps",
    links=THIS_CONTAINER,
    nothing=NO_USE,
)

NETWORK = Timeseries(
    "Who uses the network?",
    "container_network_receive_bytes_total and container_network_transmit_bytes_total. Containers in the host's network have "
    "none of their own.",
    [
        named(rate("container_network_receive_bytes_total", CHOSEN, ONE), "receives"),
        named(rate("container_network_transmit_bytes_total", CHOSEN, ONE), "sends"),
    ],
    unit="Bps",
    links=THIS_CONTAINER,
    nothing="All containers are in the host's network, or cAdvisor is not scraped",
)

EXACTLY = Table(
    "What is running exactly?",
    "llm_container_info: image, role and model of each container, running or not. Two engines of one model with different "
    "versions do not answer alike.",
    [
        Column(
            "There",
            with_short_id(
                f"max by ({ONE}, role, model, engine_version, image) ({select('llm_container_info', CHOSEN)})"
            ),
        )
    ],
    labels={
        "container": "Container",
        "id": "Id",
        "role": "Role",
        "model": "Model",
        "engine_version": "Engine version",
        "image": "Image",
    },
    label_links=OF_CONTAINER
    | {"model": [to_board("weir-llm-traffic", "What clients get of it", hop="engine", model=cell("Model"))]},
    hidden=("There",),
    sort_by="Role",
    nothing=NO_CONTAINER,
)

GPUS = Row(
    "Who was given which GPU?",
    [
        [
            Table(
                "Who was given which GPU?",
                "llm_container_gpu_info: the GPUs that a container was given at its start, and by what. Whether it uses them is "
                "on the board GPU usage.",
                [
                    Column(
                        "There",
                        with_short_id(f"max by ({ONE}, gpus, source) ({select('llm_container_gpu_info', CHOSEN)})"),
                    )
                ],
                labels={"container": "Container", "id": "Id", "gpus": "GPUs", "source": "Given by"},
                label_links=OF_CONTAINER,
                hidden=("There",),
                sort_by="Container",
                ascending=True,
                nothing="No container was given a GPU",
            )
        ]
    ],
    folded=True,
)

MEMORY_OVER_TIME = Row(
    "Memory, processes, and cAdvisor itself",
    [
        [
            Timeseries(
                "Whose memory grows?",
                "container_memory_working_set_bytes: what the kernel can't take back when it needs memory. A line that only "
                "rises will meet its limit.",
                [named(used("container_memory_working_set_bytes", "max"))],
                unit="bytes",
                links=THIS_CONTAINER,
                nothing=NO_USE,
            ),
            Timeseries(
                "What is it made of?",
                "container_memory_rss, memory of processes, and container_memory_cache, files: mostly weights that were read, "
                "and given back when others need the memory.",
                [
                    named(used("container_memory_rss", "max"), "processes"),
                    named(used("container_memory_cache", "max"), "files"),
                ],
                unit="bytes",
                dashed=("/files$/",),
                links=THIS_CONTAINER,
                nothing=NO_USE,
            ),
        ],
        [
            Timeseries(
                "How many processes are in it?",
                "container_processes, as cAdvisor counts them. One that grows without end forgets to wait for its children.",
                [named(used("container_processes", "max"))],
                links=THIS_CONTAINER,
                nothing=NO_USE,
            ),
            Timeseries(
                "Does cAdvisor see them?",
                "container_last_seen: seconds since it has read a container. container_scrape_error is 1 if it could not read "
                "some. One that is gone grows old, and then vanishes.",
                [
                    named(f"time() - {used('container_last_seen', 'max')}"),
                    Query("max by (instance) (container_scrape_error)", "error on {{instance}}"),
                ],
                unit="s",
                right={"/^error on/": "none"},
                nothing="cAdvisor is not scraped",
            ),
        ],
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-containers",
    title="Docker containers",
    question="Which container is sick?",
    variables=[CONTAINER],
    since="6h",
    rows=[
        TILES,
        [WHICH],
        [STATE, LOADING],
        [CPU, CPU_LIMIT],
        [MEMORY, DISK, NETWORK],
        [EXACTLY],
        GPUS,
        MEMORY_OVER_TIME,
    ],
)
