"""What was promised, what is left of it, and what fires. The numbers and their limits are those of the rules:
config/prometheus/rules/slo.yml and kpi.yml record both, and are where they are changed."""

from alerts import FIRING, SEVERITIES, SEVERITY_LIMITS, how_many, severity
from board import Board
from links import cell, label, to_board, to_traffic_of
from panels import (
    GREEN,
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
from variables import label_values

SLO = label_values("slo", "Objective", "slo:budget:ratio", "slo")
MODEL = label_values("model", "Model", 'slo:total:rate5m{slo=~"$slo"}', "model")

CHOSEN = 'slo=~"$slo",model=~"$model"'
# A ratio of sums over the range, not a mean of ratios: a quiet night does not weigh as much as a busy noon.
BAD = f"sum_over_time(slo:bad:rate5m{{{CHOSEN}}}[$__range:1m])"
ALL = f"sum_over_time(slo:total:rate5m{{{CHOSEN}}}[$__range:1m])"
# In the last hour.
IF_JUDGED = "and slo:total:rate1h > 0"
BUDGET_LIMITS = limits((0, ORANGE), (0.25, GREEN), from_below=RED)

# How fast the budget of 28 days burns: at 1 it lasts just as long. The others are those of the alerts SLOBurn….
BURN_LIMITS = ((1, ORANGE), (5.6, RED), (13.44, "dark-red"))

ALERT_LABELS = "alertname, slo, model, container, uuid, instance"

YES = names(_1=("yes", GREEN), _0=("no", RED))
KPIS = "config/prometheus/rules/kpi.yml"
NO_KPI = "Nothing has ended in 15 minutes, or the rules are not loaded"


def left_of_budget(bad, everything):
    """1: nothing was bad. Below 0: more than was promised."""
    return f"1 - ({divide(bad, everything)}) / on (slo) group_left () slo:budget:ratio"


def burning(window):
    return f"slo:error:ratio_rate{window}{{{CHOSEN}}} / on (slo) group_left () slo:budget:ratio"


def kpi(name, title, what, unit="s", value="weir_kpi_value", target="weir_kpi_target"):
    """A number beside its target: red above it."""
    chosen = f'{{kpi="{name}"}}'
    return Stat(
        title,
        f"weir_kpi_value, {what}, of the last 15 minutes and all models, at the hop at which clients ask. Red above the "
        f"target, weir_kpi_target, of {KPIS}.",
        [Query(value + chosen, "now")],
        unit=unit,
        limit_from=target + chosen,
        nothing=NO_KPI,
    )


TILES = [
    kpi("duration_mean", "Is the mean KPI met?", "mean of llm_request_duration_seconds"),
    kpi("duration_p95", "Is the p95 KPI met?", "p95 of llm_request_duration_seconds"),
    kpi("duration_p99", "Is the p99 KPI met?", "p99 of llm_request_duration_seconds"),
    kpi(
        "success",
        "Is the KPI of failures met?",
        "failures of requests that ended as success or error",
        "percentunit",
        "1 - weir_kpi_value",
        "1 - weir_kpi_target",
    ),
    kpi("memory", "Is the KPI of memory met?", "memory in use on the fullest host", "percentunit"),
    kpi(
        "cache_hits",
        "Is the KPI of the cache met?",
        "tokens that engines did not find in their prefix caches, of those they looked up,",
        "percentunit",
        "1 - weir_kpi_value",
        "1 - weir_kpi_target",
    ),
    Stat(
        "How much budget is left?",
        "slo:bad:rate5m of slo:total:rate5m over the range shown, by slo:budget:ratio: the objective that is worst, over all "
        "models that are chosen (one with three requests would else decide). Below 0, more was bad than the promise allows. The "
        "promise is for 28 days: choose them as the range.",
        [f"min({left_of_budget(f'sum by (slo) ({BAD})', f'sum by (slo) ({ALL})')})"],
        unit="percentunit",
        only_now=True,
        thresholds=BUDGET_LIMITS,
        nothing="Nothing to judge, or the rules are not loaded",
    ),
    Stat(
        "Is any alert critical?",
        "ALERTS that fire, of severity critical. No value: not even Watchdog fires, which always does: there are no alert "
        "rules.",
        [how_many("critical")],
        thresholds=limits((1, RED)),
        nothing="No alert rules",
    ),
]

AT_RISK = Table(
    "Which promise is at risk, for which model?",
    "Left of the budget over the range shown (slo:bad:rate5m, slo:total:rate5m, slo:budget:ratio); how many times too fast it "
    "burned in the last 1, 6 and 24 hours (slo:error:ratio_rate1h …); what was judged in the last hour, and what of it was "
    "bad. With fewer than five bad ones no alert is raised, whatever their share: then look here.",
    [
        Column("Budget left", left_of_budget(BAD, ALL), "percentunit", BUDGET_LIMITS, decimals=1),
        Column("Burns, 1 h", burning("1h"), "suffix:×", limits(*BURN_LIMITS), decimals=1),
        Column("Burns, 6 h", burning("6h"), "suffix:×", limits(*BURN_LIMITS), decimals=1),
        Column("Burns, 1 d", burning("1d"), "suffix:×", limits(*BURN_LIMITS), decimals=1),
        Column("Judged in 1 h", f"slo:total:rate1h{{{CHOSEN}}} * 3600 > 0", "short", decimals=0),
        Column("Bad in 1 h", f"slo:bad:rate1h{{{CHOSEN}}} * 3600 {IF_JUDGED}", "short", decimals=0),
        Column(
            "Enough for an alert",
            f"slo:bad:rate1h{{{CHOSEN}}} * 3600 > bool 4.5 {IF_JUDGED}",
            mappings=names(_1=("yes", ORANGE), _0=("too few bad ones", GREEN)),
        ),
    ],
    labels={"slo": "Objective", "model": "Model", "hop": "Hop"},
    label_links={
        "model": [to_board("weir-llm-traffic", "LLM traffic of this model", hop=cell("Hop"), model=cell("Model"))]
    },
    sort_by="Budget left",
    ascending=True,
    nothing="Nothing to judge, or the rules are not loaded",
)

BUDGETS = BarGauge(
    "How much of each budget is left?",
    "The same over all models that are chosen: slo:bad:rate5m of slo:total:rate5m over the range, by slo:budget:ratio. A model "
    "with little traffic can be far off and not be seen here.",
    [Query(left_of_budget(f"sum by (slo) ({BAD})", f"sum by (slo) ({ALL})"), "{{slo}}")],
    unit="percentunit",
    minimum=0,
    maximum=1,
    thresholds=BUDGET_LIMITS,
    nothing="Nothing to judge, or the rules are not loaded",
    width=8,
)

BURNS = Timeseries(
    "How fast do budgets burn?",
    "slo:error:ratio_rate1h and slo:error:ratio_rate6h by slo:budget:ratio. At 1 a budget lasts its 28 days; at 13.4 it is used "
    "up in two days, at 5.6 in five: where both the long and a short window are above, SLOBurn1h and SLOBurn6h fire.",
    [Query(burning("1h"), "{{slo}} {{model}} 1h"), Query(burning("6h"), "{{slo}} {{model}} 6h")],
    unit="suffix:×",
    lines=limits(*BURN_LIMITS, from_below="transparent"),
    links=[to_board("weir-llm-traffic", "LLM traffic of this model", hop=label("hop"), model=label("model"))],
    nothing="Nothing to judge, or the rules are not loaded",
    width=16,
)

FIRING_NOW = Table(
    "What fires now, since when?",
    "ALERTS that fire, but for Watchdog, and how long their condition has held (ALERTS_FOR_STATE). What to do is in RUNBOOK.md, "
    "under the alert's name.",
    [
        Column("Severity", severity(ALERT_LABELS), thresholds=SEVERITY_LIMITS, mappings=SEVERITIES),
        Column(
            "For",
            f"(time() - min by ({ALERT_LABELS}) (ALERTS_FOR_STATE)) and on ({ALERT_LABELS}) ALERTS{{{FIRING}}}",
            "s",
            decimals=0,
        ),
    ],
    labels={
        "alertname": "Alert",
        "slo": "Objective",
        "model": "Model",
        "container": "Container",
        "uuid": "GPU",
        "instance": "Where",
    },
    label_links={
        "model": to_traffic_of(cell("Model")),
        "container": [
            to_board("weir-containers", "This container", container=cell("Container")),
            to_board("weir-logs", "Its logs", container=cell("Container")),
        ],
    },
    sort_by="Severity",
    nothing="No alert fires. Are there rules? The tile above has a number if there are",
    width=16,
)

# By `kpi` alone: else the names of the metrics, which are labels to Grafana, would put each number in a row of its own.
MET = Table(
    "Which KPIs are met?",
    f"weir_kpi_value and weir_kpi_target of {KPIS}, which KpiMissed compares, too: durations in seconds, the others as shares "
    "(memory at most, success and cache_hits at least).",
    [
        Column("Duration", 'max by (kpi) (weir_kpi_value{kpi=~"duration_.+"})', "s"),
        Column("at most", 'max by (kpi) (weir_kpi_target{kpi=~"duration_.+"})', "s"),
        Column("Share", 'max by (kpi) (weir_kpi_value{kpi!~"duration_.+"})', "percentunit"),
        Column("Target", 'max by (kpi) (weir_kpi_target{kpi!~"duration_.+"})', "percentunit"),
        Column(
            "Met",
            'weir_kpi_value{kpi=~"duration_.+|memory"} <= bool on (kpi) weir_kpi_target'
            ' or weir_kpi_value{kpi=~"success|cache_hits"} >= bool on (kpi) weir_kpi_target',
            thresholds=limits((1, GREEN), from_below=RED),
            mappings=YES,
        ),
    ],
    labels={"kpi": "KPI"},
    nothing=NO_KPI,
    width=8,
)

FIRED = StateTimeline(
    "What fired when?",
    "ALERTS that fired, but for Watchdog, by severity. No row: it did not fire in this range.",
    [Query(severity("alertname", "$__interval"), "{{alertname}}")],
    mappings=SEVERITIES,
    thresholds=SEVERITY_LIMITS,
    nothing="No alert has fired in this range. Are there rules?",
    width=12,
)

NOISY = BarChart(
    "Which alerts are noisy?",
    "ALERTS: how long each fired in the range shown, the twenty longest. One that fires for days and that nobody ends is to be "
    "changed.",
    [f"topk(20, sum_over_time(max by (alertname) (ALERTS{{{FIRING}}})[$__range:1m]) * 60)"],
    unit="s",
    by="alertname",
    nothing="No alert has fired in this range. Are there rules?",
    width=6,
)

PROMISED = Table(
    "What is promised?",
    "slo:budget:ratio, the share that may be bad, and slo:target:seconds, above which a first token or the time per token is bad: "
    "config/prometheus/rules/slo.yml sets both.",
    [
        Column("May be bad", "max by (slo) (slo:budget:ratio)", "percentunit"),
        Column("Bad above", "max by (slo) (slo:target:seconds)", "s"),
    ],
    labels={"slo": "Objective"},
    nothing="The rules are not loaded",
    width=6,
)

BOARD = Board(
    uid="weir-slo",
    title="SLO and alerts",
    question="Are we keeping the promise, and what is burning?",
    variables=[SLO, MODEL],
    since="28d",
    refresh="5m",
    rows=[TILES, [AT_RISK], [BUDGETS, BURNS], [FIRING_NOW, MET], [FIRED, NOISY, PROMISED]],
)
