"""As much of Docker's API as weir-discovery asks, on a Unix socket, of containers that are only described.

They are on the host's network: where they seem to listen, any process of this machine may. Shapes follow what Docker
20.10 answers (discovery/tests/inspect).
"""

import contextlib
import datetime
import http.server
import json
import queue
import re
import socketserver
import threading
import time
from dataclasses import dataclass, field

# The only version that is spoken; whoever asks adapts to it.
VERSION = "1.41"


@dataclass
class Container:
    """A container that is described. `port` is told by its command line, as vLLM and LiteLLM are told."""

    name: str
    id: str
    image: str
    port: int
    command: tuple = ()
    labels: dict = field(default_factory=dict)
    gpus: tuple = ()
    status: str = "running"
    started: float = field(default_factory=time.time)
    restarts: int = 0
    exit_code: int = 0
    is_oom_killed: bool = False

    def inspected(self):
        running = self.status == "running"
        gpus = [{"Driver": "", "Count": 0, "DeviceIDs": list(self.gpus), "Capabilities": [["gpu"]], "Options": {}}]
        command = [*self.command, "--port", str(self.port)]
        return {
            "Id": self.id,
            "Created": _date(self.started),
            "Path": command[0],
            "Args": command[1:],
            "State": {
                "Status": self.status, "Running": running, "Paused": False, "Restarting": False,
                "OOMKilled": self.is_oom_killed, "Dead": False, "ExitCode": self.exit_code, "Error": "",
                "StartedAt": _date(self.started),
                "FinishedAt": "0001-01-01T00:00:00Z" if running else _date(time.time()),
            },
            "Image": "sha256:" + self.id,
            "Name": "/" + self.name,
            "RestartCount": self.restarts,
            "HostConfig": {
                "NetworkMode": "host", "PortBindings": {}, "IpcMode": "private", "Runtime": "runc", "Memory": 0,
                "Devices": [], "DeviceRequests": gpus if self.gpus else None,
            },
            "Config": {
                "Hostname": "host", "ExposedPorts": {}, "Env": ["PATH=/bin"], "Cmd": command, "Image": self.image,
                "Entrypoint": None, "Labels": self.labels,
            },
            "NetworkSettings": {"Ports": {}, "Networks": {"host": {"IPAddress": "", "GlobalIPv6Address": ""}}},
        }


def _date(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Docker(socketserver.ThreadingUnixStreamServer):
    """The daemon."""

    daemon_threads = True

    def __init__(self, socket, containers):
        self.containers = {container.id: container for container in containers}
        self._listeners = []
        super().__init__(str(socket), Api)

    def restart(self, name, is_oom=False):
        """The container ends by itself, or for want of memory, and is started again."""
        container = self._named(name)
        container.is_oom_killed = is_oom
        if is_oom:
            self._tell(container, "oom")
        self._tell(container, "die", exitCode="137" if is_oom else "1")
        container.started = time.time()
        container.restarts += 1
        self._tell(container, "start")

    def end(self, name, exit_code):
        """The container ends, and stays ended."""
        container = self._named(name)
        container.status, container.exit_code = "exited", exit_code
        self._tell(container, "die", exitCode=str(exit_code))

    def _named(self, name):
        [container] = (each for each in self.containers.values() if each.name == name)
        return container

    def _tell(self, container, action, **attributes):
        now = time.time_ns()
        event = {
            "Type": "container", "Action": action, "scope": "local", "time": now // 10**9, "timeNano": now,
            "Actor": {
                "ID": container.id, "Attributes": {"name": container.name, "image": container.image, **attributes},
            },
        }
        for listener in self._listeners:
            listener.put(event)

    @contextlib.contextmanager
    def listening(self):
        listener = queue.Queue()
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)

    def shutdown(self):
        for listener in self._listeners:
            listener.put(None)
        super().shutdown()


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = re.sub(r"^/v[\d.]+", "", self.path.partition("?")[0])
        if path == "/version":
            return self.answer(200, {"Version": "20.10.24", "ApiVersion": VERSION, "MinAPIVersion": "1.12"})
        if path == "/containers/json":
            return self.answer(200, [self.listed(each) for each in self.server.containers.values()])
        if found := re.fullmatch(r"/containers/(\w+)/json", path):
            if container := self.server.containers.get(found[1]):
                return self.answer(200, container.inspected())
            return self.answer(404, {"message": "No such container"})
        if path == "/events":
            return self.events()
        return self.answer(404, {"message": f"page not found: {path}"})

    def listed(self, container):
        names = ["/" + container.name]
        return {"Id": container.id, "Names": names, "Image": container.image, "State": container.status}

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self):
        with self.server.listening() as listener:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            # Until the daemon ends, or whoever listens has left.
            with contextlib.suppress(OSError):
                while event := listener.get():
                    line = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def running(socket, containers):
    """Serves the API at this socket."""
    docker = Docker(socket, containers)
    thread = threading.Thread(target=docker.serve_forever)
    thread.start()
    try:
        yield docker
    finally:
        docker.shutdown()
        thread.join()
        docker.server_close()
