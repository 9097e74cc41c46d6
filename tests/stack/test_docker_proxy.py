"""The proxy of Docker's socket, as shipped, in a real HAProxy: reading gets through, and nothing else."""

import contextlib
import http.client
import http.server
import re
import socket
import socketserver
import threading
from pathlib import Path

import pytest

import grpc_socket
from ports import free_ports
from processes import Program

SHIPPED = Path(__file__).parents[2] / "config/docker-proxy/haproxy.cfg"
ID = "51a0" * 16
PATIENCE = 10
EVENTS = 3
CONTAINERD = "/containerd.services"

READ = [
    "/_ping", "/version", "/v1.44/version", "/v1.44/info", "/v1.44/networks", "/v1.44/containers/json?all=true",
    f"/containers/{ID}/json", f"/v1.44/containers/{ID}/json", "/v1.44/containers/vllm-llama.1/json",
    f"/v1.44/containers/{ID}/logs?stdout=1&stderr=1&follow=1&timestamps=1&since=0",
    f"/v1.44/images/sha256:{ID}/json", "/v1.44/images/docker.io/vllm/vllm-openai:v0.11.0/json",
]
REFUSED = [
    ("POST", f"/v1.44/containers/{ID}/exec"), ("POST", "/v1.44/containers/create"), ("POST", f"/containers/{ID}/start"),
    ("POST", f"/v1.44/containers/{ID}/kill"), ("DELETE", f"/v1.44/containers/{ID}"), ("PUT", f"/containers/{ID}/archive?path=/"),
    ("POST", "/v1.44/build"), ("POST", "/v1.44/images/create?fromImage=x"), ("POST", "/v1.44/containers/json"),
    ("GET", f"/v1.44/containers/{ID}/archive?path=/etc/shadow"), ("HEAD", f"/v1.44/containers/{ID}/archive?path=/etc/shadow"),
    ("GET", f"/v1.44/containers/{ID}/export"), ("GET", f"/containers/{ID}/attach/ws?stdin=1&stream=1"),
    ("GET", f"/v1.44/containers/{ID}/top"), ("GET", "/v1.44/images/vllm/get"), ("GET", "/v1.44/images/json"),
    ("GET", f"/v1.44/exec/{ID}/json"), ("GET", "/v1.44/secrets"), ("GET", "/v1.44/swarm"), ("GET", "/v1.44/volumes"),
    # What would be another path once somebody has tidied it up.
    ("GET", f"/v1.44/images/x/../../containers/{ID}/archive/json"), ("GET", f"/v1.44/images/x/%2e%2e/{ID}/json"),
    ("GET", f"/v1.44/images/x%2F..%2F..%2Fcontainers%2F{ID}%2Fexport/json"), ("GET", f"//v1.44/containers/{ID}/json"),
    ("GET", f"/v1.44/containers/{ID}/export?x=/json"), ("GET", "/v2/containers/json"), ("GET", "/"), ("OPTIONS", "/_ping"),
    ("CONNECT", "/_ping"), ("TRACE", "/_ping"),
]


class Docker(http.server.BaseHTTPRequestHandler):
    """Answers everything, and takes note of it. Events come one by one, as they are let go."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.server.asked.append((self.command, self.path))
        if self.path.startswith("/v1.44/events"):
            return self.stream()
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"{}")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_CONNECT = do_TRACE = answer

    def stream(self):
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        let_go, gone = self.server.let_go, self.server.gone
        for _ in range(EVENTS):
            assert let_go.acquire(timeout=PATIENCE)
            self.wfile.write(b"8\r\nhappens\n\r\n")
        # Nothing more happens, and the end of the connection is all that can come.
        if self.rfile.read(1) == b"":
            gone.set()

    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"


class Socket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_):
        # Who asks may hang up; what is missing then is missed by the test.
        pass


@contextlib.contextmanager
def docker(path):
    server = Socket(str(path), Docker)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Proxy:
    """The HAProxy that is running, before sockets that take note of what they are asked."""

    def __init__(self, port, containerd, docker, asked_of_containerd):
        self.port = port
        self.containerd = containerd
        self.docker = docker
        self.asked_of_containerd = asked_of_containerd

    def request(self, method, path, **headers):
        """The answer, of which the body is still to be read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, headers=headers)
        return connection.getresponse()

    def status(self, method, path, **headers):
        with self.request(method, path, **headers) as answer:
            return answer.status


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    # Paths of sockets have to be short.
    folder = tmp_path_factory.mktemp("p")
    [port] = free_ports(1)
    text = SHIPPED.read_text()
    for shipped, here in {
        "bind :2375": f"bind 127.0.0.1:{port}",
        "/var/run/docker.sock": f"{folder}/docker.sock",
        "unix@/run/weir/containerd.sock": f"unix@{folder}/shown.sock",
        "server containerd /run/containerd/containerd.sock": f"server containerd {folder}/containerd.sock",
    }.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, here)
    configuration = folder / "haproxy.cfg"
    configuration.write_text(text)
    with docker(folder / "docker.sock") as daemon, grpc_socket.answering(folder / "containerd.sock") as asked:
        program = Program("haproxy", ["haproxy", "-db", "-f", configuration], folder)
        proxy = Proxy(port, folder / "shown.sock", daemon, asked)

        def answers():
            with contextlib.suppress(OSError):
                return proxy.status("GET", "/_ping") == 200

        try:
            program.wait_until("HAProxy answers", answers, 10)
            yield proxy
        finally:
            program.stop()


@pytest.fixture(autouse=True)
def nothing_asked_yet(proxy):
    proxy.docker.asked.clear()
    proxy.docker.let_go, proxy.docker.gone = threading.Semaphore(0), threading.Event()
    proxy.asked_of_containerd.clear()


@pytest.mark.parametrize("path", READ)
def test_reading_gets_through(proxy, path):
    assert proxy.status("GET", path) == 200
    assert proxy.docker.asked == [("GET", path)]


def test_so_does_the_question_whether_it_is_there(proxy):
    assert proxy.status("HEAD", "/_ping") == 200


@pytest.mark.parametrize("method, path", REFUSED, ids=" ".join)
def test_nothing_else_does(proxy, method, path):
    assert proxy.status(method, path) in (400, 403)
    assert proxy.docker.asked == []


def test_no_connection_becomes_one_of_another_kind(proxy):
    headers = {"connection": "upgrade", "upgrade": "tcp"}
    assert proxy.status("GET", f"/v1.44/containers/{ID}/logs", **headers) == 403
    assert proxy.docker.asked == []


def test_a_second_request_in_the_body_of_the_first_stays_there(proxy):
    """Not even where lengths contradict each other."""
    inner = f"POST /containers/{ID}/kill HTTP/1.1\r\nhost: d\r\ncontent-length: 0\r\n\r\n"
    outer = f"GET /_ping HTTP/1.1\r\nhost: d\r\ncontent-length: {len(inner)}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as peer:
        peer.sendall((outer + inner).encode())
        peer.shutdown(socket.SHUT_WR)
        answers = b"".join(iter(lambda: peer.recv(65536), b""))
    assert all(method == "GET" for method, _ in proxy.docker.asked), answers


def test_events_come_one_by_one(proxy):
    """Each as it happens: the next has not happened yet when one is read. And who has heard enough is not waited for."""
    events = proxy.request("GET", "/v1.44/events?since=0")
    for _ in range(EVENTS):
        proxy.docker.let_go.release()
        assert events.readline() == b"happens\n"
    assert not proxy.docker.gone.is_set()
    events.close()
    assert proxy.docker.gone.wait(PATIENCE), "the connection to Docker goes on"


def test_streams_may_be_silent_for_days():
    timeouts = dict(re.findall(r"^  timeout (client|server) (\S+)$", SHIPPED.read_text(), flags=re.M))
    assert timeouts == {"client": "7d", "server": "7d"}


def test_containerd_is_asked_for_a_container(proxy):
    path = f"{CONTAINERD}.containers.v1.Containers/Get"
    assert grpc_socket.ask(proxy.containerd, path) == 200
    assert proxy.asked_of_containerd == [path]


@pytest.mark.parametrize("method", [
    "containers.v1.Containers/List", "containers.v1.Containers/Create", "containers.v1.Containers/Delete",
    "containers.v1.Containers/Update", "tasks.v1.Tasks/Exec", "tasks.v1.Tasks/Create", "tasks.v1.Tasks/Get",
    "version.v1.Version/Version", "content.v1.Content/Read", "containers.v1.Containers/Get/../List",
])
def test_and_for_nothing_else(proxy, method):
    assert grpc_socket.ask(proxy.containerd, f"{CONTAINERD}.{method}") == 403
    assert proxy.asked_of_containerd == []
