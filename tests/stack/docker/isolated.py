"""A Docker daemon with bridges and ports of its own, in a network of its own: the machine's is left as it is."""

import contextlib
import copy
import json
import os
import subprocess

import runtimes
from processes import Program
from waiting import until


class Docker(runtimes.Runtime):
    """`folder` has its socket; `network` is the name of its network namespace."""

    def __init__(self, folder, network):
        socket = folder / "docker.sock"
        super().__init__("docker", ["docker"], socket, {"DOCKER_HOST": f"unix://{socket}"})
        self.folder = folder
        self.network = network

    def inside(self, *words, check=True):
        """Runs a program of the machine's where the daemon's published ports are."""
        command = ["nsenter", f"--net=/run/netns/{self.network}", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def get(self, url, *options):
        """Asks at a published port: the status, and the body."""
        text = self.inside("curl", "-sS", "-m", "10", "-w", "\n%{http_code}", *options, url, check=False)
        body, _, status = text.rpartition("\n")
        return int(status or 0), body

    def listening(self):
        """(address, port) of what is listened at there."""
        rows = self.inside("ss", "-Hltn").splitlines()
        return {tuple(row.split()[3].rsplit(":", 1)) for row in rows}


@contextlib.contextmanager
def docker(folder):
    name = f"weir-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        with runtimes.containerd(folder):
            client = Docker(folder, name)
            with _daemon(folder, client):
                yield client
                client.remove_all()
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@contextlib.contextmanager
def _daemon(folder, client):
    # Not `ip netns exec`, which would put another /sys before the control groups.
    command = ["nsenter", f"--net=/run/netns/{client.network}", "dockerd"]
    command += ["--containerd", folder / "containerd.sock", "--data-root", folder / "data"]
    command += ["--exec-root", folder / "exec", "--pidfile", folder / "pid", "--host", f"unix://{folder}/docker.sock"]
    command += ["--storage-driver=overlay2", "--oom-score-adjust=0"]
    program = Program("dockerd", command, folder)
    try:
        program.wait_until("dockerd answers", lambda: runtimes.answers(client), 60)
        yield
    finally:
        program.stop(grace=60)


class Compose:
    """`docker compose` with the files of a stack, beside a daemon."""

    def __init__(self, docker, program, files, environment, profiles=()):
        self.docker = docker
        self._command = [str(program), *(word for file in files for word in ("-f", str(file)))]
        self._command += [word for profile in profiles for word in ("--profile", profile)]
        path = {"PATH": os.environ["PATH"], "HOME": str(docker.folder)}
        self._environment = path | {"DOCKER_HOST": docker.socket} | environment

    def changed(self, **settings):
        """The same stack with other settings."""
        other = copy.copy(self)
        other._environment = self._environment | settings
        return other

    def run(self, *words, timeout=180):
        done = subprocess.run(
            [*self._command, *words], env=self._environment, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == 0, f"docker compose {' '.join(words)}:\n{done.stderr[-3000:]}"
        return done.stdout

    def shell(self, script, folder):
        """Runs what a document says, where its `docker compose -f compose/compose.yaml` is this one."""
        text = script.replace("docker compose -f compose/compose.yaml", " ".join(self._command))
        command = ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(command, env=self._environment, cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{script}\n{done.stderr[-3000:]}"

    def services(self):
        """State and health of what there is, by service."""
        lines = [json.loads(line) for line in self.run("ps", "--all", "--format", "json").splitlines()]
        return {line["Service"]: (line["State"], line["Health"]) for line in lines}

    def container(self, service):
        """What the daemon says of its container."""
        (name,) = self.run("ps", "--all", "--quiet", service).split()
        return self.docker.inspect(name)

    def wait_until_healthy(self, services, deadline=120):
        def healthy():
            states = self.services()
            wrong = {name: states.get(name) for name in services if states.get(name, ("", ""))[0] != "running"}
            wrong |= {name: state for name, state in states.items() if state[1] not in ("healthy", "")}
            assert not wrong, wrong
            return True

        until(f"{', '.join(services)} run and are healthy", healthy, deadline, self.details)

    def details(self):
        """The ends of the logs of those that are not well, and what their checks of health said."""
        ill = [name for name, state in self.services().items() if state not in (("running", "healthy"), ("running", ""))]
        checks = [(name, self.container(name)["State"].get("Health", {}).get("Log", [])[-1:]) for name in ill]
        return "\n".join([*map(str, checks), self.run("logs", "--tail", "15", *ill) if ill else ""])
