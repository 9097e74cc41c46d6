"""The cards by what the driver says of them, whose they are by container, and what a model takes of them.

Rows are keyed by `uuid` and shown by `gpu`, the index, of which each host has its own. `max by (uuid, gpu)` so that two
exporters that read one card count once. What models take is recorded by config/prometheus/rules/gpu.yml.
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
from queries import divide
from variables import GPU

ONE = "uuid, gpu"
# Each host has a GPU 0: with the first digits of the UUID, as nvidia-smi -L shows it.
NAME = "GPU {{gpu}} {{id}}"
CARD = {"gpu": "GPU", "uuid": "UUID"}

NO_GPU = "No GPU is known: does the exporter run, and answer the driver?"
NO_MODEL = "No model is known to run on a GPU: see whose each GPU is"

THIS_GPU = [to_board("weir-gpu", "Only this GPU", gpu=label("gpu"))]
THIS_MODEL = [to_board("weir-llm-traffic", "What clients get of it", hop="engine", model=label("model"))]
OF_CARD = {"gpu": [to_board("weir-gpu", "Only this GPU", gpu=cell("GPU"))]}
OF_MODEL = {"model": [to_board("weir-llm-traffic", "What clients get of it", hop="engine", model=cell("Model"))]}

# What holds the clocks down, the worst last. Others are settings, or idling.
HELD_DOWN = {
    "sw_power_cap": ("power limit", BLUE),
    "sw_thermal": ("heat (driver)", ORANGE),
    "hw_slowdown": ("slowed by the card", RED),
    "hw_thermal": ("heat (card)", RED),
    "power_brake": ("power brake", RED),
}
HELD_DOWN_WORDS = names(
    _0=("free", GREEN), **{f"_{at}": words for at, words in enumerate(HELD_DOWN.values(), start=1)}
)

# A container runs one model; in the moment in which that changes, one of the two.
WHICH_MODEL = 'topk by (container_id) (1, max by (container_id, container, model) (llm_container_info{container_id!=""}))'


def gauge(metric, labels="", by=ONE):
    more = f",{labels}" if labels else ""
    return f'max by ({by}) ({metric}{{gpu=~"$gpu"{more}}})'


def each_rate(metric, labels="", by=ONE):
    more = f",{labels}" if labels else ""
    return f'max by ({by}) (rate({metric}{{gpu=~"$gpu"{more}}}[$__rate_interval]))'


def in_range(metric, labels="", by=ONE):
    more = f",{labels}" if labels else ""
    return f'max by ({by}) (increase({metric}{{gpu=~"$gpu"{more}}}[$__range]))'


def of_gpu(expression, what=""):
    """A query with a series for each GPU, called by its name, and by what it shows if there are others."""
    with_id = f'label_replace({expression}, "id", "$1", "uuid", "(?:GPU-)?(.{{0,8}}).*")'
    return Query(with_id, f"{NAME} {what}".strip())


def held_down():
    """0, or the number of the worst reason."""
    reasons = " or ".join(
        f'{at} * nvidia_gpu_throttle_reason{{gpu=~"$gpu",reason="{reason}"}}' for at, reason in enumerate(HELD_DOWN, start=1)
    )
    return f"max by ({ONE}) ({reasons})"


def of_containers(metric, by):
    """Of each container that has a part of a GPU, with its name and model; and of what is in no container we know."""
    parts = f'max by ({by}) ({metric}{{gpu=~"$gpu"}})'
    return (
        f"{parts} * on (container_id) group_left (container, model) {WHICH_MODEL} "
        f"or {parts} unless on (container_id) {WHICH_MODEL}"
    )


MEMORY_SHARE = gauge("nvidia_gpu_memory_used_bytes") + " / " + gauge("nvidia_gpu_memory_total_bytes")

TILES = [
    Stat(
        "Are these numbers real?",
        "weir_source_simulated of the exporter: 1 where it was started to simulate GPUs.",
        ["max(weir_source_simulated)"],
        mappings=names(_0=("measured", GREEN), _1=("SIMULATED", ORANGE)),
        thresholds=limits((1, ORANGE)),
        nothing="No exporter answers",
    ),
    Stat(
        "How many GPUs are lost?",
        "nvidia_gpu_up, of GPUs that the driver has listed: 0 where one is lost, needs a reset, or does not answer in time.",
        [f"count({gauge('nvidia_gpu_up')}) - sum({gauge('nvidia_gpu_up')})"],
        thresholds=limits((1, RED)),
        nothing="No GPU is known",
    ),
    Stat(
        "How full is the fullest?",
        "nvidia_gpu_memory_used_bytes by nvidia_gpu_memory_total_bytes. vLLM takes 90 % when it starts, whatever it does "
        "later: that is no fault.",
        [f"max({MEMORY_SHARE})"],
        unit="percentunit",
        maximum=1,
        thresholds=limits((0.97, ORANGE), (0.99, RED)),
        nothing="No GPU answers",
    ),
    Stat(
        "How hot is the hottest?",
        "nvidia_gpu_temperature_celsius, of the chip. The card slows itself down at its own limit: see the chart below.",
        [f"max({gauge('nvidia_gpu_temperature_celsius')})"],
        unit="celsius",
        thresholds=limits((80, ORANGE), (87, RED)),
        nothing="No GPU answers",
    ),
    Stat(
        "How many are held down?",
        "nvidia_gpu_throttle_reason: GPUs whose clocks are held down by heat or by the machine's power. A card that works "
        "at its power limit is not among them.",
        [f"count({held_down()} > 1) or 0 * count({gauge('nvidia_gpu_up')} == 1)"],
        thresholds=limits((1, ORANGE)),
        nothing="No GPU answers",
    ),
    Stat(
        "How many GPUs had an XID?",
        "nvidia_gpu_xid_last_timestamp_seconds within the range shown: something went wrong, in the driver's words. 0 only "
        "where it is listened for, nvidia_gpu_xid_watched.",
        [
            f"count(max by (uuid) ({gauge('nvidia_gpu_xid_last_timestamp_seconds')}) > time() - $__range_s) "
            f"or 0 * count({gauge('nvidia_gpu_xid_watched')} == 1)"
        ],
        thresholds=limits((1, RED)),
        nothing="Nobody listens",
        only_now=True,
    ),
    Stat(
        "How much power do they take?",
        "nvidia_gpu_energy_joules_total, the cards' own counters: nothing between two scrapes is missed. Without fans, "
        "NVSwitches and the host.",
        [f"sum({each_rate('nvidia_gpu_energy_joules_total')})"],
        unit="watt",
        decimals=0,
        nothing="No card counts its energy",
    ),
    Stat(
        "What does a token take?",
        "model:nvidia_gpu_power_watts:sum_avg5m by model:llm_output_tokens:rate5m, of all models that have a GPU: reading "
        "of prompts and idling of loaded models included.",
        [
            divide(
                "sum(model:nvidia_gpu_power_watts:sum_avg5m)",
                "sum(model:llm_output_tokens:rate5m and on (model) model:nvidia_gpu_power_watts:sum_avg5m)",
            )
        ],
        unit="suffix:J/tok",
        nothing="Nothing is written",
    ),
]

WHICH_GPU = Table(
    "Which GPU is in trouble?",
    "nvidia_gpu_up and what the card says of itself now. Any kernel (nvidia_gpu_duty_cycle) is about 100 % for every busy "
    "engine; how much of the chip works, the SMs tell, on Hopper and newer. XIDs: kinds that came in the range shown.",
    [
        Column(
            "Answers",
            f"{gauge('nvidia_gpu_up')} * on ({ONE}) group_left (name) {gauge('nvidia_gpu_info', by=f'{ONE}, name')}",
            mappings=names(_1=("yes", GREEN), _0=("lost", RED)),
        ),
        Column("Any kernel", gauge("nvidia_gpu_duty_cycle") + " / 100", "percentunit", decimals=0),
        Column("SMs", gauge("nvidia_gpu_sm_active_ratio"), "percentunit", decimals=0),
        Column("Memory", MEMORY_SHARE, "percentunit", limits((0.97, ORANGE), (0.99, RED)), decimals=0),
        Column("Temperature", gauge("nvidia_gpu_temperature_celsius"), "celsius", limits((80, ORANGE), (87, RED))),
        Column("Power", gauge("nvidia_gpu_power_usage_milliwatts") + " / 1000", "watt", decimals=0),
        Column("Held down by", held_down(), mappings=HELD_DOWN_WORDS),
        Column(
            "XIDs",
            f"count by ({ONE}) ({gauge('nvidia_gpu_xid_last_timestamp_seconds', by=f'{ONE}, xid')} > time() - $__range_s)",
            thresholds=limits((1, RED)),
        ),
    ],
    labels=CARD | {"name": "Card"},
    label_links=OF_CARD,
    sort_by="GPU",
    ascending=True,
    nothing=NO_GPU,
)

WHOSE = Table(
    "Whose is each GPU?",
    "nvidia_gpu_container_share, and nvidia_gpu_container_memory_used_bytes; names and models by llm_container_info. "
    "shared: several containers are on the GPU, and their parts are estimates. Without a name: processes outside of "
    "containers, or in some that discovery does not know; all of them if the exporter can't see the host's processes.",
    [
        Column(
            "Part",
            of_containers("nvidia_gpu_container_share", f"{ONE}, container_id, attribution"),
            "percentunit",
            decimals=0,
        ),
        Column("Memory", of_containers("nvidia_gpu_container_memory_used_bytes", f"{ONE}, container_id"), "bytes"),
    ],
    labels={"gpu": "GPU", "container": "Container", "model": "Model", "attribution": "Part is"},
    label_links=OF_CARD
    | OF_MODEL
    | {
        "container": [
            to_board("weir-vllm", "Its engine", container=cell("Container")),
            to_board("weir-containers", "This container", container=cell("Container")),
        ]
    },
    sort_by="GPU",
    ascending=True,
    nothing="Nobody uses a GPU, or the driver does not say who",
)

BUSY = Timeseries(
    "Is it really busy?",
    "Dashed: nvidia_gpu_duty_cycle, the time in which any kernel ran: about 100 % for every busy engine, and no measure of "
    "how full the chip is. nvidia_gpu_sm_active_ratio: how much of it had work; nvidia_gpu_tensor_active_ratio: how long "
    "the tensor cores did. Both on Hopper and newer.",
    [
        of_gpu(gauge("nvidia_gpu_duty_cycle") + " / 100", "any kernel"),
        of_gpu(gauge("nvidia_gpu_sm_active_ratio"), "SMs"),
        of_gpu(gauge("nvidia_gpu_tensor_active_ratio"), "tensor cores"),
    ],
    unit="percentunit",
    minimum=0,
    maximum=1,
    dashed=("/any kernel$/",),
    links=THIS_GPU,
    nothing=NO_GPU,
)

MEMORY = BarGauge(
    "Is memory tight?",
    "nvidia_gpu_memory_used_bytes by nvidia_gpu_memory_total_bytes, now. vLLM takes 90 % when it starts; what it needs of "
    "that, its KV cache tells, on the board vLLM engines.",
    [of_gpu(MEMORY_SHARE)],
    unit="percentunit",
    minimum=0,
    maximum=1,
    thresholds=limits((0.97, ORANGE), (0.99, RED)),
    links=THIS_GPU,
    nothing=NO_GPU,
)

# All of it where no model has any.
NOBODYS_POWER = (
    "sum(uuid:nvidia_gpu_power_watts:avg5m) - "
    "(sum(model:nvidia_gpu_power_watts:sum_avg5m) or 0 * sum(uuid:nvidia_gpu_power_watts:avg5m))"
)

POWER = Timeseries(
    "Which model burns the power?",
    "model:nvidia_gpu_power_watts:sum_avg5m: the energy counters of GPUs, by who had which part of them. shared: an "
    "estimate. nobody: GPUs without a model, and what discovery does not know.",
    [
        Query("sum by (model, attribution) (model:nvidia_gpu_power_watts:sum_avg5m)", "{{model}} ({{attribution}})"),
        Query(NOBODYS_POWER, "nobody"),
    ],
    unit="watt",
    stacked=True,
    colours={"nobody": GREY},
    links=THIS_MODEL,
    nothing=NO_MODEL,
)

JOULES = Timeseries(
    "What does a token cost in energy?",
    "model:nvidia_gpu_joules_per_output_token:avg5m: watts of the model's part of the GPUs by output tokens per second. "
    "Reading of prompts and idling are in it: an idle model's tokens are dear. Dashed: shared GPUs, an estimate. Tokens "
    "per joule are its inverse.",
    [
        Query(
            "sum by (model, attribution) (model:nvidia_gpu_joules_per_output_token:avg5m)", "{{model}} ({{attribution}})"
        )
    ],
    unit="suffix:J/tok",
    logarithmic=True,
    dashed=("/shared/",),
    links=THIS_MODEL,
    nothing="Nothing is written, or no model is known to run on a GPU",
)

THROTTLED = StateTimeline(
    "Is any card held down?",
    "nvidia_gpu_throttle_reason, the worst of them at a time; idling and settings are none. At its power limit a card works "
    "as hard as it may. Heat and the power brake are the machine's fault. What lies between two scrapes is in the chart of "
    "lost time, below.",
    [of_gpu(held_down())],
    mappings=HELD_DOWN_WORDS,
    links=THIS_GPU,
    nothing=NO_GPU,
)

HEAT = Timeseries(
    "How hot?",
    "nvidia_gpu_temperature_celsius, of the chip, and nvidia_gpu_memory_temperature_celsius, where there is HBM. Dashed: "
    "nvidia_gpu_temperature_limit_celsius, at which the first of these cards slows itself down.",
    [
        of_gpu(gauge("nvidia_gpu_temperature_celsius"), "chip"),
        of_gpu(gauge("nvidia_gpu_memory_temperature_celsius"), "memory"),
        Query('min(nvidia_gpu_temperature_limit_celsius{gpu=~"$gpu",limit="slowdown"})', "slows down"),
    ],
    unit="celsius",
    dashed=("slows down",),
    links=THIS_GPU,
    nothing=NO_GPU,
)

COMPLAINTS = Table(
    "Does the hardware complain?",
    "nvidia_gpu_recovery_action is what the driver recommends. Uncorrected errors (nvidia_gpu_ecc_errors_total), replays "
    "and errors of links: in the range shown. Rows of memory (nvidia_gpu_row_remapping_pending and the like): as of now; "
    "one that waits needs a reset, one that failed a new card. What to do: RUNBOOK.md, GpuEcc, GpuRowRemap, GpuNeedsAction.",
    [
        Column(
            "To do",
            gauge("nvidia_gpu_recovery_action"),
            mappings=names(
                _0=("nothing", GREEN),
                _1=("reset the GPU", RED),
                _2=("reboot", RED),
                _3=("drain peers", RED),
                _4=("drain and reset", RED),
            ),
        ),
        Column(
            "Uncorrected",
            in_range("nvidia_gpu_ecc_errors_total", 'kind="uncorrected",since="driver_load"'),
            thresholds=limits((1, RED)),
            decimals=0,
        ),
        Column(
            "Corrected",
            in_range("nvidia_gpu_ecc_errors_total", 'kind="corrected",since="driver_load"'),
            decimals=0,
        ),
        Column("Rows wait", gauge("nvidia_gpu_row_remapping_pending"), thresholds=limits((1, ORANGE))),
        Column("Rows failed", gauge("nvidia_gpu_row_remapping_failed"), thresholds=limits((1, RED))),
        Column("Rows replaced", gauge("nvidia_gpu_remapped_rows", 'kind="uncorrected"')),
        Column(
            "NVLink errors",
            f"sum by ({ONE}) ({in_range('nvidia_gpu_nvlink_errors_total', by=f'{ONE}, error')})",
            thresholds=limits((1, ORANGE)),
            decimals=0,
        ),
        Column(
            "PCIe replays",
            in_range("nvidia_gpu_pcie_replays_total"),
            thresholds=limits((1, ORANGE)),
            decimals=0,
        ),
    ],
    labels=CARD,
    label_links=OF_CARD,
    sort_by="To do",
    nothing=NO_GPU,
)

XIDS = Table(
    "Which XIDs came, and when?",
    "nvidia_gpu_xid_last_timestamp_seconds, within the range shown; nvidia_gpu_xid_errors_total counts from the exporter's "
    "start, so the first of a kind is no increase. 13, 31, 43 and 45 are mostly programs' faults; a reset is called for by "
    "48, 62, 64, 74, 79, 95, 119 and 120.",
    [
        Column(
            "Last",
            f"{gauge('nvidia_gpu_xid_last_timestamp_seconds', by=f'{ONE}, xid')} * 1000 > (time() - $__range_s) * 1000",
            "dateTimeAsIso",
        ),
        Column(
            "More of them",
            f"{in_range('nvidia_gpu_xid_errors_total', by=f'{ONE}, xid')} "
            f"and on ({ONE}, xid) {gauge('nvidia_gpu_xid_last_timestamp_seconds', by=f'{ONE}, xid')} > time() - $__range_s",
            decimals=0,
        ),
    ],
    labels=CARD | {"xid": "XID"},
    label_links=OF_CARD,
    sort_by="Last",
    nothing="No XID, if somebody listens: see the tile above",
)

COST = Row(
    "What does a model cost?",
    [
        [
            Table(
                "What does each model take?",
                "Means of the last five minutes, as rules/gpu.yml records them: model:nvidia_gpu_share:sum_avg5m, "
                "model:nvidia_gpu_power_watts:sum_avg5m and so on. A model that has GPUs of its own and shared ones has two "
                "rows, whose sum is the model's.",
                [
                    Column("GPUs", "sum by (model, attribution) (model:nvidia_gpu_share:sum_avg5m)", decimals=2),
                    Column(
                        "Power",
                        "sum by (model, attribution) (model:nvidia_gpu_power_watts:sum_avg5m)",
                        "watt",
                        decimals=0,
                    ),
                    Column(
                        "Energy of a token",
                        "sum by (model, attribution) (model:nvidia_gpu_joules_per_output_token:avg5m)",
                        "suffix:J",
                    ),
                    Column(
                        "Tokens of a GPU",
                        "sum by (model, attribution) (model:llm_output_tokens_per_gpu:rate5m)",
                        "suffix:tok/s",
                        decimals=1,
                    ),
                    Column(
                        "Last hour",
                        "sum by (model, attribution) (model:nvidia_gpu_energy_kilowatt_hours:increase1h)",
                        "kwatth",
                        decimals=3,
                    ),
                ],
                labels={"model": "Model", "attribution": "GPUs are"},
                label_links=OF_MODEL,
                sort_by="Power",
                nothing=NO_MODEL,
            )
        ],
        [
            BarChart(
                "How many kilowatt-hours did each model take?",
                "model:nvidia_gpu_power_watts:sum_avg5m, minute by minute over the range shown. GPUs that nobody used are in "
                "no model.",
                [
                    "sum by (model) (sum_over_time(model:nvidia_gpu_power_watts:sum_avg5m[$__range:1m])) * 60 / 3.6e6",
                ],
                unit="kwatth",
                decimals=3,
                nothing=NO_MODEL,
            ),
            Timeseries(
                "How many tokens does a GPU write?",
                "model:llm_output_tokens_per_gpu:rate5m: of one GPU, or of as much as the model has of one.",
                [
                    Query(
                        "sum by (model, attribution) (model:llm_output_tokens_per_gpu:rate5m)",
                        "{{model}} ({{attribution}})",
                    )
                ],
                unit="suffix:tok/s",
                dashed=("/shared/",),
                links=THIS_MODEL,
                nothing=NO_MODEL,
            ),
        ],
        [
            Table(
                "Which GPU is reserved but idle?",
                "More than half of nvidia_gpu_memory_total_bytes is used, and nvidia_gpu_duty_cycle stayed below 1 % for the "
                "whole range shown. An engine that sleeps, or that nobody asks.",
                [
                    Column(
                        "Memory",
                        f"({MEMORY_SHARE} > 0.5) and on (uuid) "
                        'max by (uuid) (max_over_time(nvidia_gpu_duty_cycle{gpu=~"$gpu"}[$__range])) < 1',
                        "percentunit",
                        decimals=0,
                    )
                ],
                labels=CARD,
                label_links=OF_CARD,
                sort_by="Memory",
                nothing="No GPU is reserved and idle, of those that answer",
            )
        ],
    ],
    folded=True,
)

CLOCKS = Row(
    "Clocks and limits",
    [
        [
            Timeseries(
                "How much time is lost to what?",
                "nvidia_gpu_throttle_seconds_total: part of the time in which this held the clocks down, of the GPU that had "
                "most of it. Short ones too, that fall between two reads.",
                [
                    Query(
                        f"max by (reason) ({each_rate('nvidia_gpu_throttle_seconds_total', by=f'{ONE}, reason')})",
                        "{{reason}}",
                    )
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                nothing="The driver does not tell",
            ),
            Timeseries(
                "How near is the power limit?",
                "nvidia_gpu_power_instant_watts by nvidia_gpu_power_limit_watts, that in force. Above 1 for a moment is how "
                "cards work.",
                [
                    of_gpu(
                        gauge("nvidia_gpu_power_instant_watts")
                        + " / "
                        + gauge("nvidia_gpu_power_limit_watts", 'limit="enforced"'),
                    )
                ],
                unit="percentunit",
                minimum=0,
                maximum=1.2,
                links=THIS_GPU,
                nothing=NO_GPU,
            ),
        ],
        [
            Timeseries(
                "How fast do they run?",
                "nvidia_gpu_clock_hertz of the SMs by nvidia_gpu_clock_max_hertz.",
                [
                    of_gpu(
                        divide(
                            gauge("nvidia_gpu_clock_hertz", 'domain="sm"'),
                            gauge("nvidia_gpu_clock_max_hertz", 'domain="sm"'),
                        ),
                    )
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                links=THIS_GPU,
                nothing=NO_GPU,
            ),
            Timeseries(
                "Which performance state?",
                "nvidia_gpu_performance_state: 0 is the fastest, 15 the slowest. 8 and slower is an idle card.",
                [of_gpu(gauge("nvidia_gpu_performance_state"))],
                links=THIS_GPU,
                nothing=NO_GPU,
            ),
        ],
    ],
    folded=True,
)

PARTS = Row(
    "Parts of the chip",
    [
        [
            Timeseries(
                "Is memory's bandwidth the limit?",
                "nvidia_gpu_dram_active_ratio: part of the bandwidth in use; writing answers mostly waits for it. "
                "nvidia_gpu_memory_busy_ratio: part of the time in which there was any use.",
                [
                    of_gpu(gauge("nvidia_gpu_dram_active_ratio"), "bandwidth"),
                    of_gpu(gauge("nvidia_gpu_memory_busy_ratio"), "any use"),
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                dashed=("/any use$/",),
                links=THIS_GPU,
                nothing=NO_GPU,
            ),
            Timeseries(
                "How full are the SMs?",
                "nvidia_gpu_sm_occupancy_ratio: warps that were there, of those that could be; nvidia_gpu_graphics_active_ratio: "
                "time in which the engine for compute and graphics ran.",
                [
                    of_gpu(gauge("nvidia_gpu_sm_occupancy_ratio"), "occupancy"),
                    of_gpu(gauge("nvidia_gpu_graphics_active_ratio"), "engine"),
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                links=THIS_GPU,
                nothing="The card is older than Hopper, or does not answer",
            ),
        ],
        [
            Timeseries(
                "Which pipes work?",
                "nvidia_gpu_pipe_active_ratio, besides the tensor cores: an engine that works in fp32 wastes its card.",
                [of_gpu(gauge("nvidia_gpu_pipe_active_ratio", by=f"{ONE}, pipe"), "{{pipe}}")],
                unit="percentunit",
                minimum=0,
                maximum=1,
                links=THIS_GPU,
                nothing="The card is older than Hopper, or does not answer",
            ),
            Timeseries(
                "Is video read or written?",
                "nvidia_gpu_decoder_busy_ratio and nvidia_gpu_encoder_busy_ratio: models that see video use the first.",
                [
                    of_gpu(gauge("nvidia_gpu_decoder_busy_ratio"), "decoder"),
                    of_gpu(gauge("nvidia_gpu_encoder_busy_ratio"), "encoder"),
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                links=THIS_GPU,
                nothing="No card has any, or none answers",
            ),
        ],
    ],
    folded=True,
)

LINKS = Row(
    "Links",
    [
        [
            Timeseries(
                "Are the links to the host busy?",
                "nvidia_gpu_pcie_transmitted_bytes_total, sent by the GPU, and nvidia_gpu_pcie_received_bytes_total.",
                [
                    of_gpu(each_rate("nvidia_gpu_pcie_transmitted_bytes_total"), "sends"),
                    of_gpu(each_rate("nvidia_gpu_pcie_received_bytes_total"), "receives"),
                ],
                unit="Bps",
                links=THIS_GPU,
                nothing="The driver does not tell",
            ),
            Timeseries(
                "Are the links between GPUs busy?",
                "nvidia_gpu_nvlink_transmitted_bytes_total and nvidia_gpu_nvlink_received_bytes_total, over all links.",
                [
                    of_gpu(each_rate("nvidia_gpu_nvlink_transmitted_bytes_total"), "sends"),
                    of_gpu(each_rate("nvidia_gpu_nvlink_received_bytes_total"), "receives"),
                ],
                unit="Bps",
                links=THIS_GPU,
                nothing="No card has NVLink, or none answers",
            ),
        ],
        [
            Table(
                "Does each link have all it can do?",
                "nvidia_gpu_pcie_link_width by its most, and nvidia_gpu_pcie_link_generation, which is lower while a GPU idles; "
                "nvidia_gpu_nvlink_links_active. A link that stays narrow under load sits badly in its slot.",
                [
                    Column("Lanes", gauge("nvidia_gpu_pcie_link_width")),
                    Column("Most lanes", gauge("nvidia_gpu_pcie_link_width_max")),
                    Column("Generation", gauge("nvidia_gpu_pcie_link_generation")),
                    Column("Highest", gauge("nvidia_gpu_pcie_link_generation_max")),
                    Column("NVLinks up", gauge("nvidia_gpu_nvlink_links_active")),
                ],
                labels=CARD,
                label_links=OF_CARD,
                sort_by="GPU",
                ascending=True,
                nothing=NO_GPU,
            )
        ],
    ],
    folded=True,
)

WHICH_CARDS = Row(
    "Which cards, which processes?",
    [
        [
            Table(
                "Which cards are there?",
                "nvidia_gpu_info, nvidia_gpu_ecc_enabled, and nvidia_gpu_memory_total_bytes with what of it is free and what "
                "the driver keeps. Last: nvidia_gpu_num_devices, how many GPUs the exporter of that instance sees.",
                [
                    Column("Memory", gauge("nvidia_gpu_memory_total_bytes"), "bytes"),
                    Column("Free", gauge("nvidia_gpu_memory_free_bytes"), "bytes"),
                    Column("Kept by the driver", gauge("nvidia_gpu_memory_reserved_bytes"), "bytes"),
                    Column("ECC", gauge("nvidia_gpu_ecc_enabled"), mappings=names(_1=("on", GREEN), _0=("off", ORANGE))),
                    Column(
                        "GPUs there",
                        f"{gauge('nvidia_gpu_info', by=f'instance, {ONE}, name, serial, vbios, pci_bus_id, driver_version, cuda_version')} "
                        "* on (instance) group_left () max by (instance) (nvidia_gpu_num_devices)",
                    ),
                ],
                labels=CARD
                | {
                    "name": "Card",
                    "serial": "Serial number",
                    "pci_bus_id": "PCI bus",
                    "vbios": "VBIOS",
                    "driver_version": "Driver",
                    "cuda_version": "CUDA",
                    "instance": "Exporter",
                },
                label_links=OF_CARD,
                sort_by="GPU",
                ascending=True,
                nothing=NO_GPU,
            )
        ],
        [
            Table(
                "Which processes are on it?",
                "nvidia_gpu_process_info, the 1,000 of each GPU with the most memory. Without a container: outside of "
                "containers, or not to be seen by the exporter.",
                [
                    Column(
                        "There",
                        of_containers("nvidia_gpu_process_info", f"{ONE}, pid, container_id"),
                    )
                ],
                labels={"gpu": "GPU", "pid": "Process", "container": "Container", "model": "Model"},
                hidden=("There",),
                sort_by="GPU",
                ascending=True,
                nothing="No process is on a GPU, or the driver does not say",
            ),
            Timeseries(
                "Can the exporter tell whose they are?",
                "nvidia_gpu_processes, and those that it can't find: nvidia_gpu_processes_unresolved. Above 0 for minutes: run "
                "it with pid: host, or mount the host's /proc.",
                [
                    of_gpu(gauge("nvidia_gpu_processes"), "all"),
                    of_gpu(gauge("nvidia_gpu_processes_unresolved"), "not found"),
                ],
                links=THIS_GPU,
                nothing="The driver does not say",
            ),
        ],
    ],
    folded=True,
)

EXPORTER = Row(
    "The exporter",
    [
        [
            Timeseries(
                "How long does a read take?",
                "weir_gpu_read_seconds: reading all GPUs once, which is done once a second whoever scrapes. A driver that "
                "hangs shows here first.",
                [Query("max by (instance) (weir_gpu_read_seconds)", "{{instance}}")],
                unit="s",
                nothing="No GPU is read",
            ),
            Timeseries(
                "Do reads succeed?",
                "weir_gpu_reads_total by result: attempts at opening the driver included.",
                [
                    Query(
                        "sum by (instance, result) (rate(weir_gpu_reads_total[$__rate_interval]))",
                        "{{instance}} {{result}}",
                    )
                ],
                unit="ops",
                nothing="No exporter answers",
            ),
            Timeseries(
                "How old are the numbers?",
                "weir_source_last_success_timestamp_seconds of the driver: seconds since it was last read. Old numbers are "
                "never shown as new: while it can't be read, the GPUs have no numbers.",
                [
                    Query(
                        "time() - max by (instance, source) "
                        '(weir_source_last_success_timestamp_seconds{source=~"nvml|simulate"})',
                        "{{instance}} {{source}}",
                    )
                ],
                unit="s",
                lines=limits((10, ORANGE), from_below="transparent"),
                nothing="No exporter has read anything",
            ),
        ]
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-gpu",
    title="GPU usage",
    question="What does each GPU do, for which model, and at what cost?",
    variables=[GPU],
    since="1h",
    refresh="10s",
    rows=[
        TILES,
        [WHICH_GPU],
        [WHOSE],
        [BUSY, MEMORY],
        [POWER, JOULES],
        [THROTTLED, HEAT],
        [COMPLAINTS],
        [XIDS],
        COST,
        CLOCKS,
        PARTS,
        LINKS,
        WHICH_CARDS,
        EXPORTER,
    ],
)
