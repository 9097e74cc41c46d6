"""What Prometheus finds of pods in a cluster, and what the operator makes of a PodMonitor: Debian's Prometheus knows no Kubernetes, so
that targets are written down with the labels that it would have found.

By https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod and, for the operator, generatePodMonitorConfig of
pkg/prometheus/promcfg.go (0.93).
"""

import re

NAMESPACE = "models"
NODE = "gpu-node-7"


def targets(pod, address, ids):
    """Static targets, one for each port of each container; `ids` are those of the containers, by name."""
    common = {
        "__meta_kubernetes_namespace": NAMESPACE,
        "__meta_kubernetes_pod_name": pod.name,
        "__meta_kubernetes_pod_ip": address,
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_ready": "true",
        "__meta_kubernetes_pod_node_name": NODE,
    }
    for key, value in pod.labels.items():
        common |= of_member("label", key, value)
    for key, value in pod.metadata.get("annotations", {}).items():
        common |= of_member("annotation", key, value)
    return [
        {"targets": [f"{address}:{port}"], "labels": common | {
            "__meta_kubernetes_pod_container_name": container.name,
            "__meta_kubernetes_pod_container_id": f"containerd://{ids[container.name]}",
            "__meta_kubernetes_pod_container_init": str(container.is_sidecar).lower(),
            "__meta_kubernetes_pod_container_port_name": name,
            "__meta_kubernetes_pod_container_port_number": str(port),
        }}
        for container in pod.containers
        for name, port in container.ports.items()
    ]


def of_member(kind, key, value):
    name = re.sub(r"[^a-zA-Z0-9_]", "_", key)
    return {f"__meta_kubernetes_pod_{kind}_{name}": value, f"__meta_kubernetes_pod_{kind}present_{name}": "true"}


def by_the_operator(monitor, found):
    """The scrape configurations of a PodMonitor, with these targets."""
    spec = monitor["spec"]
    assert spec["namespaceSelector"] == {"any": True}
    name = "/".join((monitor["metadata"]["namespace"], monitor["metadata"]["name"]))
    for position, endpoint in enumerate(spec["podMetricsEndpoints"]):
        rules = [{"source_labels": ["__meta_kubernetes_pod_phase"], "regex": "(Failed|Succeeded)", "action": "drop"}]
        for key, value in spec["selector"]["matchLabels"].items():
            labels = list(of_member("label", key, value))
            rules.append({"action": "keep", "source_labels": labels, "regex": f"({value});true"})
        rules.append({
            "action": "keep", "source_labels": ["__meta_kubernetes_pod_container_port_name"], "regex": endpoint["port"],
        })
        for source, label in (("namespace", "namespace"), ("pod_container_name", "container"), ("pod_name", "pod")):
            rules.append({"source_labels": [f"__meta_kubernetes_{source}"], "target_label": label})
        rules.append({"target_label": "job", "replacement": name})
        rules.append({"target_label": "endpoint", "replacement": endpoint["port"]})
        yield {
            "job_name": f"podMonitor/{name}/{position}",
            "static_configs": found,
            "relabel_configs": rules + [in_prometheus(rule) for rule in endpoint["relabelings"]],
            "metric_relabel_configs": [in_prometheus(rule) for rule in endpoint.get("metricRelabelings", ())],
        }


def in_prometheus(rule):
    """The operator's members are written sourceLabels, Prometheus' source_labels."""
    return {re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), key): value for key, value in rule.items()}


def by_annotations(configuration, found):
    """The scrape configurations of scrape.yml, with these targets."""
    for job in configuration["scrape_configs"]:
        assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
        del job["scrape_interval"]
        yield job | {"static_configs": found}
