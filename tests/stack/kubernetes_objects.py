"""What is in kubernetes/: objects as kubectl renders them, and how the containers in them are started."""

import functools
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "kubernetes"
# Whatever can be given to `kubectl apply -k`, by its path.
FOLDERS = sorted(
    str(file.parent.relative_to(ROOT))
    for folder in (KUBERNETES, ROOT / "dashboards", ROOT / "config/prometheus/rules")
    for file in folder.rglob("kustomization.yaml")
)


@functools.cache
def rendered(folder):
    """The objects of one of FOLDERS."""
    return render(ROOT / folder)


def render(folder):
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(folder, *kinds):
    return [each for each in rendered(folder) if each["kind"] in kinds]


def name(thing):
    return thing["metadata"]["name"]


@dataclass
class Container:
    """A container of a pod."""

    spec: dict
    is_sidecar: bool = False

    @property
    def name(self):
        return self.spec["name"]

    @property
    def image(self):
        return self.spec["image"]

    @property
    def is_weirs(self):
        return self.image.startswith("weir-")

    @property
    def ports(self):
        """Numbers by name."""
        return {port["name"]: port["containerPort"] for port in self.spec.get("ports", ())}

    def probes(self):
        return {kind: self.spec[kind] for kind in ("startupProbe", "livenessProbe", "readinessProbe") if kind in self.spec}

    def environment(self, pod):
        """Its variables in a pod of that name, as the kubelet would set them: `$(NAME)` stands for one before."""
        values = {}
        for variable in self.spec.get("env", ()):
            if "value" in variable:
                values[variable["name"]] = re.sub(
                    r"\$\((\w+)\)", lambda found: values.get(found[1], found[0]), variable["value"]
                )
            elif field_path := variable["valueFrom"].get("fieldRef", {}).get("fieldPath"):
                values[variable["name"]] = pod.field(field_path)
        return values


@dataclass
class Pod:
    """A pod that a Deployment or DaemonSet makes, by its template."""

    owner: dict
    name: str = field(init=False)

    def __post_init__(self):
        self.name = name(self.owner) + "-5d6c8f9b7-x2x4z"

    @property
    def spec(self):
        return self.owner["spec"]["template"]["spec"]

    @property
    def metadata(self):
        return self.owner["spec"]["template"]["metadata"]

    @property
    def labels(self):
        return self.metadata["labels"]

    @property
    def containers(self):
        sidecars = [Container(each, each.get("restartPolicy") == "Always") for each in self.spec.get("initContainers", ())]
        return sidecars + [Container(each) for each in self.spec["containers"]]

    def container(self, name):
        [found] = [each for each in self.containers if each.name == name]
        return found

    def ports(self):
        """Of all containers: numbers by name."""
        return {name: port for each in self.containers for name, port in each.ports.items()}

    def field(self, path):
        if path == "metadata.name":
            return self.name
        label = re.fullmatch(r"metadata\.labels\['(.+)'\]", path)[1]
        return self.labels.get(label, "")

    def config_maps(self):
        """Name of each ConfigMap that is mounted, by the volume's name."""
        return {each["name"]: each["configMap"]["name"] for each in self.spec.get("volumes", ()) if "configMap" in each}

    def secrets(self):
        """The same of Secrets."""
        return {each["name"]: each["secret"]["secretName"] for each in self.spec.get("volumes", ()) if "secret" in each}


def pod_of(folder):
    """The pod that the folder's one Deployment or DaemonSet makes."""
    [owner] = of_kind(folder, "Deployment", "DaemonSet")
    return Pod(owner)


def config_map(folder, wanted):
    """The files of a ConfigMap."""
    [found] = [each for each in of_kind(folder, "ConfigMap") if name(each) == wanted]
    return found["data"]


def seconds(text):
    """Of a duration as weir.toml has it."""
    return int(re.fullmatch(r"(\d+)s", text)[1])
