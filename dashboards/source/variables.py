"""The variables of dashboards. They have the same names everywhere, so that links can carry them along."""

PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
LOKI = {"type": "loki", "uid": "${loki}"}
TEMPO = {"type": "tempo", "uid": "${tempo}"}

REFRESH_ON_TIME_CHANGE = 2
SORT_ALPHABETICALLY = 1


def _source(name, label, kind):
    return {
        "type": "datasource",
        "name": name,
        "label": label,
        "query": kind,
        "current": {"selected": False, "text": "default", "value": "default"},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }


def label_values(name, label, series, of, *, several=True, source=PROMETHEUS, everything=".*"):
    """The values that a label has. `everything` is what "All" stands for."""
    query = f"label_values({series}, {of})"
    chosen = {"selected": True, "text": ["All"], "value": ["$__all"]} if several else {"selected": False, "text": "", "value": ""}
    all_of_them = {"allValue": everything} if several else {}
    return all_of_them | {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": source,
        "definition": query,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "current": chosen,
        "hide": 0,
        "includeAll": several,
        "multi": several,
        "options": [],
        "refresh": REFRESH_ON_TIME_CHANGE,
        "regex": "",
        "skipUrlSync": False,
        "sort": SORT_ALPHABETICALLY,
    }


def log_label_values(name, label, streams, of):
    """The values that a label of Loki's has. As text, which all Grafanas from 9 on read."""
    query = f"label_values({streams}, {of})"
    # Loki wants one matcher at least that can't be empty.
    return label_values(name, label, streams, of, source=LOKI, everything=".+") | {"query": query}


def text(name, label, default):
    """Something that the user types."""
    return {
        "type": "textbox",
        "name": name,
        "label": label,
        "query": default,
        "current": {"selected": True, "text": default, "value": default},
        "hide": 0,
        "options": [{"selected": True, "text": default, "value": default}],
        "skipUrlSync": False,
    }


DATASOURCE = _source("datasource", "Prometheus", "prometheus")
LOGS = _source("loki", "Loki", "loki")
TRACES = _source("tempo", "Tempo", "tempo")

# One, never all: a request that passes both hops is counted at each. Sorted, so that `edge` is the first.
HOP = label_values("hop", "Hop", "llm_requests_started_total", "hop", several=False)
ROUTE = label_values("route", "Route", 'llm_requests_started_total{hop="$hop"}', "route")
MODEL = label_values("model", "Model", 'llm_requests_started_total{hop="$hop",route=~"$route"}', "model")
CONTAINER = label_values("container", "Container", "llm_container_info", "container")
ENGINE = label_values("container", "Engine", "llm_engine_up", "container")
ENGINE_MODEL = label_values("engine_model", "Model", 'llm_engine_up{container=~"$container"}', "model")
GPU = label_values("gpu", "GPU", "nvidia_gpu_up", "gpu")
