"""The host by the node exporter: how much of each resource is in use, who waits for it, and what fails."""

from board import Board, Row
from links import cell, to_board
from panels import GREEN, ORANGE, RED, Column, Query, Stat, Table, Timeseries, limits
from queries import divide, rate, select
from variables import label_values

HOST = label_values("instance", "Host", "node_uname_info", "instance")

CHOSEN = 'instance=~"$instance"'
# Where data lies; not what is in memory, or a picture of something else.
REAL_DISKS = f'{CHOSEN},fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|nsfs|fuse.*"'
# Not those of containers, whose traffic is on the host's own, too.
REAL_CARDS = f'{CHOSEN},device!~"lo|veth.*|br-.*|docker.*|cni.*|cali.*"'

NO_HOST = "No node exporter is scraped"

ALMOST_ALL = limits((0.8, ORANGE), (0.95, RED))
# Red from where HostMemory fires.
ALMOST_ALL_MEMORY = limits((0.8, ORANGE), (0.9, RED))
ALMOST_FULL = limits((0.85, ORANGE), (0.95, RED))


def per_second(metric, labels=CHOSEN, by="instance"):
    return rate(metric, labels, by)


def gauge(metric, labels=CHOSEN, by="instance", operator="max"):
    return f"{operator} by ({by}) ({select(metric, labels)})"


# Waiting for a disk, and what a hypervisor took, is not work.
CPU_USED = divide(
    per_second("node_cpu_seconds_total", f'{CHOSEN},mode!~"idle|iowait|steal"'), per_second("node_cpu_seconds_total")
)
MEMORY_USED = f"1 - {gauge('node_memory_MemAvailable_bytes')} / {gauge('node_memory_MemTotal_bytes')}"
MOUNT = "instance, mountpoint"
DISK_FREE = (
    f"{gauge('node_filesystem_avail_bytes', REAL_DISKS, MOUNT, 'min')} "
    f"/ {gauge('node_filesystem_size_bytes', REAL_DISKS, MOUNT)}"
)
# Files that can still be made; some file systems have no limit, and say 0 of 0.
FILES_FREE = divide(
    gauge("node_filesystem_files_free", REAL_DISKS, MOUNT, "min"), gauge("node_filesystem_files", REAL_DISKS, MOUNT)
)

TILES = [
    Stat(
        "How busy are the processors?",
        "node_cpu_seconds_total, all modes but idle, iowait and steal, of the busiest host.",
        [f"max({CPU_USED})"],
        unit="percentunit",
        maximum=1,
        thresholds=ALMOST_ALL,
        nothing=NO_HOST,
    ),
    Stat(
        "How much memory is used?",
        "node_memory_MemAvailable_bytes of node_memory_MemTotal_bytes, of the fullest host. Files that the kernel keeps and "
        "can give back count as available.",
        [f"max({MEMORY_USED})"],
        unit="percentunit",
        maximum=1,
        thresholds=ALMOST_ALL_MEMORY,
        nothing=NO_HOST,
    ),
    Stat(
        "How full is the fullest disk?",
        "node_filesystem_avail_bytes of node_filesystem_size_bytes: what is left for programs that are not root.",
        [f"1 - min({DISK_FREE})"],
        unit="percentunit",
        maximum=1,
        thresholds=ALMOST_FULL,
        nothing=NO_HOST,
    ),
    Stat(
        "Did the kernel kill for memory?",
        "node_vmstat_oom_kill in the range shown, of all hosts. Which container it was, the board Docker containers tells.",
        [f"sum(increase(node_vmstat_oom_kill{{{CHOSEN}}}[$__range]))"],
        decimals=0,
        thresholds=limits((1, RED)),
        only_now=True,
        links=[to_board("weir-containers", "Docker containers")],
        nothing=NO_HOST,
    ),
    Stat(
        "Is the clock right?",
        "node_timex_offset_seconds, of the host that is most off; traces and joins depend on it. A clock that nobody "
        "sets (node_timex_sync_status 0, see below) says 0, too.",
        [f"max(abs({select('node_timex_offset_seconds', CHOSEN)}))"],
        unit="s",
        thresholds=limits((0.05, RED)),
        nothing=NO_HOST,
    ),
    Stat(
        "How long has it been up?",
        "node_boot_time_seconds, of the host that was started last.",
        [f"time() - max({select('node_boot_time_seconds', CHOSEN)})"],
        unit="s",
        decimals=0,
        nothing=NO_HOST,
    ),
]

WHICH_DISK = Table(
    "Which disk is full, and when?",
    "node_filesystem_avail_bytes of node_filesystem_size_bytes. Full in: if the last six hours went on like that; empty "
    "where nothing is lost. Models that are fetched fill disks by leaps: six calm hours promise little. Files: of "
    "node_filesystem_files, those that can still be made.",
    [
        Column("Free", gauge("node_filesystem_avail_bytes", REAL_DISKS, MOUNT, "min"), "bytes"),
        Column(
            "Free part", DISK_FREE, "percentunit", limits((0.05, ORANGE), (0.15, GREEN), from_below=RED), decimals=1
        ),
        Column(
            "Full in",
            f"{gauge('node_filesystem_avail_bytes', REAL_DISKS, MOUNT, 'min')} / "
            f"(-1 * min by ({MOUNT}) (deriv(node_filesystem_avail_bytes{{{REAL_DISKS}}}[6h])) > 0)",
            "s",
            limits((4 * 3600, ORANGE), (24 * 3600, GREEN), from_below=RED),
        ),
        Column(
            "Files free",
            FILES_FREE,
            "percentunit",
            limits((0.05, ORANGE), (0.15, GREEN), from_below=RED),
            decimals=1,
        ),
        Column(
            "Read only",
            gauge("node_filesystem_readonly", REAL_DISKS, MOUNT),
            "bool_on_off",
        ),
    ],
    labels={"instance": "Host", "mountpoint": "Where"},
    label_links={"instance": [to_board("weir-system", "Only this host", instance=cell("Host"))]},
    sort_by="Free part",
    ascending=True,
    nothing=NO_HOST,
)

CPU = Timeseries(
    "How busy is the CPU?",
    "node_cpu_seconds_total: all modes but idle, iowait and steal, of all processors. One that is full hides in a mean of "
    "many: an engine is often held up by a single one.",
    [
        Query(CPU_USED, "{{instance}} busy"),
        Query(
            divide(
                per_second("node_cpu_seconds_total", f'{CHOSEN},mode="iowait"'), per_second("node_cpu_seconds_total")
            ),
            "{{instance}} waits for disks",
        ),
        Query(
            divide(
                per_second("node_cpu_seconds_total", f'{CHOSEN},mode="steal"'), per_second("node_cpu_seconds_total")
            ),
            "{{instance}} taken by the hypervisor",
        ),
    ],
    unit="percentunit",
    minimum=0,
    maximum=1,
    lines=limits((0.8, ORANGE), (0.95, RED), from_below="transparent"),
    nothing=NO_HOST,
)

WAITING = Timeseries(
    "Who waits for processors, memory, disks?",
    "node_pressure_cpu_waiting_seconds_total and its like: part of the time in which some process had to wait. Better than "
    "the load, which counts who waits and not for how long. Only where the kernel has PSI.",
    [
        Query(per_second("node_pressure_cpu_waiting_seconds_total"), "{{instance}} processors"),
        Query(per_second("node_pressure_memory_waiting_seconds_total"), "{{instance}} memory"),
        Query(per_second("node_pressure_io_waiting_seconds_total"), "{{instance}} disks"),
    ],
    unit="percentunit",
    minimum=0,
    maximum=1,
    lines=limits((0.1, ORANGE), (0.4, RED), from_below="transparent"),
    nothing="No node exporter is scraped, or the kernel has no PSI",
)

MEMORY = Timeseries(
    "How much memory is used?",
    "node_memory_MemAvailable_bytes of node_memory_MemTotal_bytes. The line is the target, weir_kpi_target of memory.",
    [Query(MEMORY_USED, "{{instance}}")],
    unit="percentunit",
    minimum=0,
    maximum=1,
    limit_from='weir_kpi_target{kpi="memory"}',
    nothing=NO_HOST,
)

FAULTS = Timeseries(
    "Is memory read back from disks?",
    "node_vmstat_pgmajfault: pages per second that had to be read from a disk. Much of it while memory is short is thrashing; "
    "while a model is loaded, it is its weights.",
    [Query(f"max by (instance) (rate(node_vmstat_pgmajfault{{{CHOSEN}}}[$__rate_interval]))", "{{instance}}")],
    unit="ops",
    nothing=NO_HOST,
)

DISK_BUSY = Timeseries(
    "How busy are the disks?",
    "node_disk_io_time_seconds_total: part of the time in which a disk had something to do. One that can do much at once "
    "(NVMe) is not full at 100 %: see how long the queue is.",
    [Query(per_second("node_disk_io_time_seconds_total", by="instance, device"), "{{instance}} {{device}}")],
    unit="percentunit",
    minimum=0,
    maximum=1,
    nothing=NO_HOST,
)

DISK_QUEUE = Timeseries(
    "How long are the disks' queues?",
    "node_disk_io_time_weighted_seconds_total: requests that are under way or wait, as a mean.",
    [Query(per_second("node_disk_io_time_weighted_seconds_total", by="instance, device"), "{{instance}} {{device}}")],
    unit="none",
    nothing=NO_HOST,
)

NETWORK = Timeseries(
    "How much goes over the network?",
    "node_network_receive_bytes_total and node_network_transmit_bytes_total, of the host's own interfaces.",
    [
        Query(per_second("node_network_receive_bytes_total", REAL_CARDS, "instance, device"), "{{instance}} {{device}} in"),
        Query(
            per_second("node_network_transmit_bytes_total", REAL_CARDS, "instance, device"), "{{instance}} {{device}} out"
        ),
    ],
    unit="Bps",
    nothing=NO_HOST,
)


def lost(direction):
    """Packets of one direction that were broken or dropped."""
    by = "instance, device"
    errors, drops = (per_second(f"node_network_{direction}_{what}_total", REAL_CARDS, by) for what in ("errs", "drop"))
    return f"{errors} + {drops}"


NETWORK_LOSS = Timeseries(
    "Does the network lose anything?",
    "Packets per second that were broken or dropped: node_network_receive_errs_total, node_network_receive_drop_total and "
    "those of transmit. Some drops are of protocols that nobody listens to.",
    [Query(lost("receive"), "{{instance}} {{device}} in"), Query(lost("transmit"), "{{instance}} {{device}} out")],
    unit="pps",
    nothing=NO_HOST,
)

PACKETS = Timeseries(
    "How many packets are there?",
    "node_network_receive_packets_total and node_network_transmit_packets_total: what the losses are a part of.",
    [
        Query(
            per_second("node_network_receive_packets_total", REAL_CARDS, "instance, device"), "{{instance}} {{device}} in"
        ),
        Query(
            per_second("node_network_transmit_packets_total", REAL_CARDS, "instance, device"), "{{instance}} {{device}} out"
        ),
    ],
    unit="pps",
    nothing=NO_HOST,
)

OTHER_LIMITS = Row(
    "Other limits",
    [
        [
            Timeseries(
                "Which of the kernel's tables fill up?",
                "node_filefd_allocated of node_filefd_maximum, open files; node_nf_conntrack_entries of "
                "node_nf_conntrack_entries_limit, connections, where there is a firewall; full tables refuse new ones.",
                [
                    Query(f"{gauge('node_filefd_allocated')} / {gauge('node_filefd_maximum')}", "{{instance}} open files"),
                    Query(
                        f"{gauge('node_nf_conntrack_entries')} / {gauge('node_nf_conntrack_entries_limit')}",
                        "{{instance}} connections",
                    ),
                ],
                unit="percentunit",
                minimum=0,
                maximum=1,
                lines=limits((0.7, ORANGE), (0.9, RED), from_below="transparent"),
                nothing=NO_HOST,
            ),
            Timeseries(
                "How much is swapped out?",
                "node_memory_SwapTotal_bytes less node_memory_SwapFree_bytes. Hosts without swap have none.",
                [
                    Query(
                        f"{gauge('node_memory_SwapTotal_bytes')} - {gauge('node_memory_SwapFree_bytes')}",
                        "{{instance}}",
                    )
                ],
                unit="bytes",
                nothing=NO_HOST,
            ),
            PACKETS,
        ],
        [
            Timeseries(
                "How much do disks read and write?",
                "node_disk_read_bytes_total and node_disk_written_bytes_total, by disk.",
                [
                    Query(per_second("node_disk_read_bytes_total", by="instance, device"), "{{instance}} {{device}} read"),
                    Query(
                        per_second("node_disk_written_bytes_total", by="instance, device"), "{{instance}} {{device}} written"
                    ),
                ],
                unit="Bps",
                nothing=NO_HOST,
            ),
            Timeseries(
                "How many processes want to run?",
                "node_load1, the kernel's own mean of a minute: those that run, want to, or wait for a disk.",
                [Query(gauge("node_load1"), "{{instance}}")],
                nothing=NO_HOST,
            ),
            Timeseries(
                "Is anything sent again?",
                "node_netstat_Tcp_RetransSegs: TCP segments per second that were sent again.",
                [
                    Query(
                        f"max by (instance) (rate(node_netstat_Tcp_RetransSegs{{{CHOSEN}}}[$__rate_interval]))",
                        "{{instance}}",
                    )
                ],
                unit="pps",
                nothing=NO_HOST,
            ),
        ],
    ],
    folded=True,
)

WHICH_HOSTS = Row(
    "Which hosts?",
    [
        [
            Table(
                "Which hosts are there?",
                "node_uname_info, and node_timex_sync_status: whether somebody sets the clock. Unread: collectors of the node "
                "exporter with node_scrape_collector_success 0; most hosts have some, that find nothing to read there.",
                [
                    Column(
                        "There",
                        "max by (instance, nodename, release, machine) "
                        f"({select('node_uname_info', CHOSEN)})",
                    ),
                    Column(
                        "Clock is set",
                        gauge("node_timex_sync_status"),
                        "bool_on_off",
                        limits((1, GREEN), from_below=ORANGE),
                    ),
                    Column("Memory", gauge("node_memory_MemTotal_bytes"), "bytes"),
                    Column(
                        "Unread",
                        f"count by (instance) ({select('node_scrape_collector_success', CHOSEN)}) "
                        f"- sum by (instance) ({select('node_scrape_collector_success', CHOSEN)})",
                    ),
                ],
                labels={"instance": "Host", "nodename": "Name", "release": "Kernel", "machine": "Machine"},
                hidden=("There",),
                sort_by="Host",
                ascending=True,
                nothing=NO_HOST,
            )
        ]
    ],
    folded=True,
)

BOARD = Board(
    uid="weir-system",
    title="System health",
    question="Is the host the bottleneck?",
    variables=[HOST],
    since="6h",
    rows=[
        TILES,
        [WHICH_DISK],
        [CPU, WAITING],
        [MEMORY, FAULTS],
        [DISK_BUSY, DISK_QUEUE],
        [NETWORK, NETWORK_LOSS],
        OTHER_LIMITS,
        WHICH_HOSTS,
    ],
)
