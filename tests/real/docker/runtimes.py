"""Docker's daemon and podman's API, real ones, each with its state in a folder and its command line client.

The host's network is left as it is: no iptables, no bridge of Docker's own, containers on the host's network.
"""

import contextlib
import json
import os
import subprocess

import image_files
from processes import Program

PODMAN = """
[containers]
default_ulimits = ["nofile=1024:20000", "nproc=1024:20000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""

PODMAN_STORAGE = """
[storage]
driver = "vfs"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""


class Runtime:
    """A runtime that listens at `socket`, and the client by which containers are started."""

    def __init__(self, name, client, socket, environment):
        self.name = name
        self.socket = f"unix://{socket}"
        self._client = client
        self._environment = os.environ | environment

    def run(self, *words):
        """What the client says."""
        done = subprocess.run([*self._client, *map(str, words)], env=self._environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{self.name} {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout.strip()

    def load(self, archive):
        changes = [word for change in image_files.CHANGES for word in ("--change", change)]
        self.run("import", *changes, archive, image_files.NAME)

    def start(self, name, *words, options=()):
        """Starts a container of the image on the host's network; its id."""
        return self.run("run", "--detach", "--name", name, "--network", "host", *options, image_files.NAME, *words)

    def remove_all(self):
        if ids := self.run("ps", "--all", "--quiet").split():
            self.run("rm", "--force", *ids)

    def inspect(self, name):
        return json.loads(self.run("inspect", name))[0]


@contextlib.contextmanager
def docker(folder):
    """containerd and dockerd."""
    with containerd(folder), dockerd(folder) as runtime:
        yield runtime
        runtime.remove_all()


@contextlib.contextmanager
def containerd(folder):
    """containerd alone."""
    socket = folder / "containerd.sock"
    command = ["containerd", "--address", socket, "--root", folder / "c/root", "--state", folder / "c/state"]
    with no_mounts_left(folder), started("containerd", command, folder, socket.exists):
        yield


@contextlib.contextmanager
def dockerd(folder):
    """dockerd alone, whose containerd listens in that folder."""
    socket = folder / "docker.sock"
    command = ["dockerd", "--containerd", folder / "containerd.sock", "--data-root", folder / "data"]
    command += ["--exec-root", folder / "exec", "--pidfile", folder / "pid", "--host", f"unix://{socket}"]
    command += ["--storage-driver=overlay2", "--oom-score-adjust=0"]
    command += ["--iptables=false", "--bridge=none", "--ip-forward=false", "--ip-masq=false"]
    client = Runtime("docker", ["docker"], socket, {"DOCKER_HOST": f"unix://{socket}"})
    with started("dockerd", command, folder, lambda: answers(client)) as program:
        client.program = program
        yield client


@contextlib.contextmanager
def podman(folder):
    """podman's API as a service."""
    (folder / "containers.conf").write_text(PODMAN)
    (folder / "storage.conf").write_text(PODMAN_STORAGE.format(folder=folder))
    settings = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    socket = folder / "podman.sock"
    command = ["podman", "system", "service", "--time=0", f"unix://{socket}"]
    with no_mounts_left(folder), started("podman", command, folder, socket.exists, settings):
        runtime = Runtime("podman", ["podman"], socket, settings)
        yield runtime
        runtime.remove_all()


@contextlib.contextmanager
def started(name, command, folder, ready, environment=None):
    program = Program(name, command, folder, environment)
    try:
        program.wait_until(f"{name} is ready", ready, 30)
        yield program
    finally:
        program.stop()


@contextlib.contextmanager
def no_mounts_left(folder):
    """Takes away what daemons leave mounted below their folder when they end."""
    try:
        yield
    finally:
        mounts = [line.split()[1] for line in open("/proc/self/mounts")]
        for mount in reversed([mount for mount in mounts if mount.startswith(f"{folder}/")]):
            subprocess.run(["umount", "--lazy", mount], check=False)


def answers(client):
    with contextlib.suppress(AssertionError):
        return client.run("version", "--format", "{{.Server.Version}}")
