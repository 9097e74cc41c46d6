"""What every alert has to have: a severity, words, a runbook, a dashboard, and tests in which it fires and in which it does not.

Whether it fires when it should is said by promtool (`make rules`), whether its expression finds anything by
test_every_expression.py.
"""

import re
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import pytest

import alert_rules
import boards
import exported

ALERTS = alert_rules.alerts()
NAMES = {alert.name for alert in ALERTS}
RUNBOOK = exported.ROOT / "RUNBOOK.md"

SEVERITIES = {"critical", "warning", "info"}
# It is there to fire always.
NEVER_QUIET = {"Watchdog"}

each = pytest.mark.parametrize("alert", ALERTS, ids=str)


def test_there_are_some():
    assert len(ALERTS) > 50


def test_no_name_is_there_twice():
    """Silences, inhibitions and runbooks go by the name."""
    twice = [name for name, count in Counter(alert.name for alert in ALERTS).items() if count > 1]
    assert not twice


@each
def test_severity(alert):
    assert alert.labels.get("severity") in SEVERITIES


@each
def test_it_waits_or_says_why_not(alert):
    """`for: 5m`, or `for: 0m # the reason`."""
    waits = re.search(r"^ *for: (\S+)(?: +# (.+))?$", alert.text, re.M)
    assert waits, f"{alert.file}: {alert} has no `for`: write how long it waits, or `for: 0m # the reason`"
    if re.fullmatch("0[a-z]*", waits[1]):
        assert waits[2] and len(waits[2]) > 10, f"{alert.file}: {alert} has `for: {waits[1]}` and no comment beside it that says why"


@each
def test_words(alert):
    assert set(alert.annotations) == {"summary", "description", "runbook", "dashboard"}
    for name in ("summary", "description"):
        text = alert.annotations[name].strip()
        assert len(text) > 10, f"{name}: {text!r}"
    assert "\n" not in alert.annotations["summary"].strip()


@each
def test_labels_in_words_are_there(alert):
    """A label that the alert does not have is an empty place in the text."""
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(alert.annotations.values())))
    known = set().union(*(firing.labels.keys() for firing in alert_rules.cases()[alert.name].firing))
    assert named <= known, f"in the words of {alert}, and never among its labels: {named - known}"


def sections():
    """The headings of the runbook, and what stands below each."""
    parts = re.split(r"^## (.+)$", RUNBOOK.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


@each
def test_runbook(alert):
    assert alert.annotations["runbook"] == f"RUNBOOK.md#{alert.name.lower()}"
    text = sections().get(alert.name)
    assert text, f"no section '## {alert.name}' in RUNBOOK.md"
    assert len(text.strip()) > 100, f"the section of {alert} says next to nothing"


def test_the_runbook_has_no_others():
    assert sections().keys() <= NAMES


@each
def test_dashboard(alert):
    """Where the words that are sent lead to: a dashboard that there is, and variables that it has."""
    for firing in alert_rules.cases()[alert.name].firing:
        url = urlsplit(firing.annotations["dashboard"])
        uid = url.path.removeprefix("/d/")
        file = boards.FOLDER / f"{uid}.json"
        assert url.path == f"/d/{uid}" and file in boards.FILES, f"{url.path}: no such dashboard"
        chosen = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
        known = {f"var-{name}" for name in boards.variables(boards.load(file))}
        assert chosen.keys() <= known, f"{uid} has no {chosen.keys() - known}"
        assert all(chosen.values()), f"{url.query}: a variable that is empty shows nothing"


@each
def test_it_fires_and_is_quiet_in_its_tests(alert):
    """In `alert_rule_test`, with `exp_alerts` and without."""
    cases = alert_rules.cases().get(alert.name, alert_rules.Cases())
    assert cases.firing, f"no test in which {alert} fires"
    assert cases.quiet or alert.name in NEVER_QUIET, f"no test in which {alert} is quiet"


def test_nothing_else_is_tested():
    assert alert_rules.cases().keys() <= NAMES, "tests of alerts that there are not"


@each
def test_metrics_exist(alert):
    unknown = sorted(name for name in exported.names_in(alert.expr) if exported.family_of(name) is None)
    assert not unknown, f"{alert.file}: {alert} asks for what nothing exports: {unknown}"


@each
def test_nobody_is_woken_by_a_simulated_gpu(alert):
    names = exported.names_in(alert.expr)
    if not any(name.startswith("nvidia_gpu_") for name in names):
        return
    real_only = 'weir_source_up{source="nvml"}' in alert.expr
    assert real_only or "instance:weir_gpu_simulated:max15m" in names, f"{alert} fires for GPUs that are made up, too"


# Of two alerts about one thing the first has to come first: by the first number that each compares with.
LADDERS = [
    ("DiskLow", "DiskFull", "falls"),
    ("DiskFilling", "DiskFillingFast", "falls"),
    ("GpuIdleReserved", "GpuMemoryFull", "rises"),
    ("GpuThermal", "GpuSoftThermal", "rises"),
]


@pytest.mark.parametrize(("first", "second", "way"), LADDERS)
def test_thresholds_do_not_contradict(first, second, way):
    named = {alert.name: alert for alert in ALERTS}
    earlier, later = (alert_rules.compared(named[name])[0] for name in (first, second))
    assert earlier > later if way == "falls" else earlier < later, f"{first} at {earlier}, {second} at {later}"


def test_objectives_burn_faster_the_shorter_the_window():
    factors = [
        float(re.search(r"\(([\d.]+) \* slo:budget:ratio\)", alert.expr)[1])
        for name in ("SLOBurn1h", "SLOBurn6h", "SLOBurn1d", "SLOBurn3d")
        for alert in ALERTS
        if alert.name == name
    ]
    assert len(factors) == 4 and factors == sorted(factors, reverse=True), factors
