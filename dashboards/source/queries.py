"""PromQL that dashboards are made of. Each function returns an expression as text.

`by` names labels, with commas between them; empty sums to one series. `RATE_WINDOW` is Grafana's own: four scrapes at
least, so that a rate has something to compare.
"""

RATE_WINDOW = "$__rate_interval"

# What a client's request is, on one hop only: the two hops see the same requests.
REQUESTS = 'hop="$hop",route=~"$route",model=~"$model"'
# Metrics of the proxy that have no label `model`.
TRANSPORT = 'hop="$hop",route=~"$route"'
# Metrics of engines, by discovery. While an engine loads, its model is not known yet and empty.
ENGINES = 'container=~"$container",model=~"$engine_model"'


def select(name, labels=""):
    return f"{name}{{{labels}}}" if labels else name


def total(by, expression, operator="sum"):
    return f"{operator} by ({by}) ({expression})" if by else f"{operator}({expression})"


def rate(name, labels="", by="", window=RATE_WINDOW):
    """How much is added per second."""
    return total(by, f"rate({select(name, labels)}[{window}])")


def increase(name, labels="", by="", window="$__range"):
    """How much was added in the range that the dashboard shows."""
    return total(by, f"increase({select(name, labels)}[{window}])")


def divide(part, whole):
    """Nothing where there is nothing to divide by, rather than NaN: an idle time has no ratio."""
    return f"{part} / ({whole} > 0)"


def share(part, whole):
    """0 where there is a whole and no series of the part: many of them begin with the first that they count."""
    return f"({part} or {whole} * 0) / ({whole} > 0)"


def failures(labels=REQUESTS, by="", window=RATE_WINDOW):
    """The part of requests that failed, and not by their client's doing: what clients did is in neither part."""
    failed = rate("llm_requests_total", f'{labels},status="error"', by, window)
    return share(failed, rate("llm_requests_total", f'{labels},status=~"success|error"', by, window))


def mean(histogram, labels="", by="", window=RATE_WINDOW):
    return divide(rate(f"{histogram}_sum", labels, by, window), rate(f"{histogram}_count", labels, by, window))


def quantile(fraction, histogram, labels="", by="", window=RATE_WINDOW):
    """Only where all series have the same edges. The proxy's have; engines' differ by version: there, by container."""
    le = f"le, {by}" if by else "le"
    return f"histogram_quantile({fraction}, {rate(f'{histogram}_bucket', labels, le, window)})"


def buckets(histogram, labels="", window=RATE_WINDOW):
    """For a heatmap."""
    return rate(f"{histogram}_bucket", labels, "le", window)


def at_the_edge(by_model, operator="sum"):
    """A vector by an engine's `model`, under the names that clients use. An engine with two names is under both."""
    info = 'max by (model, edge_model) (llm_engine_model_info{edge_model!=""})'
    joined = f"{operator} by (edge_model) ({info} * on (model) group_left () {by_model})"
    return f'label_replace({joined}, "model", "$1", "edge_model", "(.+)")'


def engines_down(labels=""):
    """How many do not answer and do not load either; 0 only where one is known. Of each discovery by itself, since two
    hosts may have engines of one name; and not one that another of its name has taken the place of."""
    up = select("llm_engine_up", labels)
    of_one_discovery = "on (job, instance, container)"
    down = (
        f"{up} == 0 unless {of_one_discovery} llm_engine_up == 1 "
        f'unless {of_one_discovery} llm_container_state{{state="loading"}} == 1'
    )
    return f"count(max by (container, container_id) ({down})) or 0 * count({up})"


def with_short_id(by_container):
    """A vector by `container_id`, with its first digits as `id`, for legends: two hosts may have containers of one name,
    and one that is made anew keeps its name."""
    return f'label_replace({by_container}, "id", "$1", "container_id", "(.{{0,12}}).*")'
