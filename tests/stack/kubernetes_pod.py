"""Pods of kubernetes/ as processes of this machine: with the arguments, variables and files that the kubelet would give them, and
other ports. The engine is a simulated one.
"""

import contextlib
import re
import subprocess

import yaml

import engines
import kubernetes_objects
from kubernetes_objects import ROOT, Pod, name
from ports import free_ports
from processes import Program
from stack import BINARIES

# Of the pods: vLLM, the proxy's listener and its admin pages, discovery, the GPU exporter.
PORTS = ("8000", "9801", "9900", "9901", "9445")


class Rendered:
    """Objects of several folders, with free ports of 127.0.0.1 for the pods' own."""

    def __init__(self, *folders):
        free = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        ports = re.compile(rf"\b({'|'.join(PORTS)})\b")
        objects = [each for folder in folders for each in kubernetes_objects.rendered(folder) if not is_a_dashboard(each)]
        text = yaml.safe_dump_all(objects)
        text = ports.sub(lambda found: free[found[0]], text).replace("0.0.0.0", "127.0.0.1")
        self.objects = list(yaml.safe_load_all(text))
        self.here = lambda port: int(free[str(port)])

    def pod(self, owner):
        [found] = [each for each in self.objects if each["kind"] in ("Deployment", "DaemonSet") and name(each) == owner]
        return Pod(found)

    def of_kind(self, kind):
        return [each for each in self.objects if each["kind"] == kind]

    def write_files(self, pod, folder):
        """The pod's ConfigMaps as folders; where each volume is."""
        places = {}
        for volume, wanted in pod.config_maps().items():
            [found] = [each for each in self.of_kind("ConfigMap") if name(each) == wanted]
            places[volume] = folder / volume
            places[volume].mkdir()
            for file, text in found["data"].items():
                (places[volume] / file).write_text(text)
        return places


def is_a_dashboard(thing):
    return "grafana_dashboard" in thing["metadata"].get("labels", {})


def moved(words, container, places):
    """Arguments of a container, with the paths of its volumes here."""
    for mount in container.spec.get("volumeMounts", ()):
        if mount["name"] in places:
            words = [word.replace(mount["mountPath"], str(places[mount["name"]])) for word in words]
    return words


class RunningPod:
    """A pod whose containers run."""

    def __init__(self, pod, programs, places):
        self.pod = pod
        self.programs = programs
        self._places = places

    def prestop(self, container, **replaced):
        """Starts the hook that runs before the container is told to end, with some words in place of its own: the seconds `last` and
        `unlisted`, the URL `status`."""
        found = self.pod.container(container)
        command = moved(found.spec["lifecycle"]["preStop"]["exec"]["command"], found, self._places)
        for position, value in replaced.items():
            command[{"last": -1, "unlisted": -2, "status": -3}[position]] = str(value)
        return subprocess.Popen(command)


@contextlib.contextmanager
def running(rendered, pod, folder, more=()):
    """Starts the containers of a pod, sidecars first, with `more` arguments for Weir's; ends what is left of them."""
    folder.mkdir(exist_ok=True)
    places = rendered.write_files(pod, folder)
    with contextlib.ExitStack() as ending:
        programs = {}
        for container in pod.containers:
            if container.is_weirs:
                binary = BINARIES / container.image.partition(":")[0]
                command = [binary, *moved(container.spec["args"], container, places), *more]
                programs[container.name] = Program(container.name, command, folder, container.environment(pod))
            else:
                models = [pod.metadata["annotations"]["llm.model"]]
                port = container.ports["vllm"]
                engine = engines.start_engine(BINARIES / "weir-loadtest", folder, port, container.name, models, "0.32.0", "tokens=12")
                programs[container.name] = engine.program
            ending.callback(programs[container.name].stop)
        yield RunningPod(pod, programs, places)
