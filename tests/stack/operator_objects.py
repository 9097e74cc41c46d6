"""The shapes of the Prometheus operator's objects, as far as kubernetes/ uses them: its members are named and no others may be there.

By its API reference, https://prometheus-operator.dev/docs/api-reference/api/ (0.93): PodMonitorSpec, PodMetricsEndpoint,
RelabelConfig, PrometheusRuleSpec, RuleGroup, Rule.
"""

import jsonschema


def members(required=(), **properties):
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def list_of(items, **more):
    return {"type": "array", "items": items, **more}


TEXT = {"type": "string"}
NAME = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": TEXT}
DURATION = {"type": "string", "pattern": r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"}
METADATA = members(["name"], name=NAME, namespace=NAME, labels=TEXTS, annotations=TEXTS)

RELABELING = members(
    sourceLabels=list_of({"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}),
    targetLabel=TEXT,
    regex=TEXT,
    replacement=TEXT,
    separator=TEXT,
    action={"enum": ["replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"]},
)

POD_MONITOR = members(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "monitoring.coreos.com/v1"},
    kind={"const": "PodMonitor"},
    metadata=METADATA,
    spec=members(
        ["selector", "podMetricsEndpoints"],
        namespaceSelector=members(any={"type": "boolean"}, matchNames=list_of(NAME)),
        selector=members(matchLabels=TEXTS),
        podMetricsEndpoints=list_of(
            members(
                port=NAME,
                path=TEXT,
                interval=DURATION,
                scrapeTimeout=DURATION,
                relabelings=list_of(RELABELING),
                metricRelabelings=list_of(RELABELING),
            )
        ),
    ),
)

RULE = members(
    ["expr"],
    record=NAME,
    alert=NAME,
    expr={"type": ["string", "integer"]},
    **{"for": DURATION},
    keep_firing_for=DURATION,
    labels=TEXTS,
    annotations=TEXTS,
)

PROMETHEUS_RULE = members(
    ["apiVersion", "kind", "metadata", "spec"],
    apiVersion={"const": "monitoring.coreos.com/v1"},
    kind={"const": "PrometheusRule"},
    metadata=METADATA,
    spec=members(
        groups=list_of(
            members(
                ["name"],
                name=NAME,
                interval=DURATION,
                limit={"type": "integer"},
                query_offset=DURATION,
                labels=TEXTS,
                rules=list_of(RULE),
            )
        ),
    ),
)

SCHEMAS = {"PodMonitor": POD_MONITOR, "PrometheusRule": PROMETHEUS_RULE}


def validate(thing):
    jsonschema.validate(thing, SCHEMAS[thing["kind"]])
