"""What happened, on all time axes."""

from variables import PROMETHEUS


def _annotation(name, expression, colour, title, text, *, value_is_time=False, enable=True):
    return {
        "name": name,
        "datasource": PROMETHEUS,
        "enable": enable,
        "hide": False,
        "iconColor": colour,
        "expr": expression,
        "step": "60s",
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": "",
        # Else a mark at each step at which there is a value.
        "useValueForTime": value_is_time,
    }


ALL = [
    _annotation(
        "Containers that start",
        'llm_container_start_time_seconds{container!=""} * 1000',
        "blue",
        "{{container}} starts",
        "{{container_id}}",
        value_is_time=True,
    ),
    _annotation(
        "Configuration read again",
        'changes(weir_config_reloads_total{result="success"}[1m]) > 0',
        "purple",
        "{{job}} has read its configuration again",
        "{{instance}}",
    ),
    # For the minute before each step: a run that is shorter is seen, too.
    _annotation(
        "Load tests",
        "max by (scenario) (max_over_time(weir_loadtest_running[1m])) > 0",
        "orange",
        "Load test: {{scenario}}",
        "It is counted as any other traffic",
    ),
    _annotation(
        "Critical alerts",
        'max by (alertname, model, container, uuid) (ALERTS{alertstate="firing",severity="critical"})',
        "red",
        "{{alertname}}",
        "{{model}} {{container}} {{uuid}}",
    ),
]
