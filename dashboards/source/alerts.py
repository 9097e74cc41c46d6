"""Alerts that fire, for tables and timelines: numbers by severity, so that they can be sorted and coloured.

They are asked of ALERTS, which Prometheus keeps itself: no data source of alerts has to be set up.
"""

from panels import BLUE, ORANGE, RED, limits, names

# It always fires, so that its absence shows that there are no rules: it is no news.
WATCHDOG = 'ALERTS{alertname="Watchdog",alertstate="firing"}'
FIRING = 'alertstate="firing",alertname!="Watchdog"'

SEVERITIES = names(_3=("critical", RED), _2=("warning", ORANGE), _1=("info", BLUE))
SEVERITY_LIMITS = limits((2, ORANGE), (3, RED), from_below=BLUE)


def severity(by, window=""):
    """3 for critical, 2 for warning, 1 for the rest. `window`: whether one fired at any time in it, not only at its end."""

    def of(labels):
        series = f"ALERTS{{{labels}}}"
        return f"max by ({by}) ({f'max_over_time({series}[{window}])' if window else series})"

    critical, warning = (of(f'{FIRING},severity="{level}"') for level in ("critical", "warning"))
    return f"{critical} * 3 or {warning} * 2 or {of(FIRING)}"


def how_many(*severities):
    """How many fire; nothing where not even Watchdog does."""
    chosen = f'ALERTS{{{FIRING},severity=~"{"|".join(severities)}"}}'
    return f"count({chosen} or {WATCHDOG}) - count({WATCHDOG})"
