"""The examples for writing to a store elsewhere: they fit the shipped configuration, and what is sent is what the store wants."""

import base64
import contextlib
import http.server
import queue
import re
import subprocess
import threading
from pathlib import Path

import pytest
import yaml

from exported import ROOT
from ports import free_ports
from processes import Program
from scraper import Prometheus, wait_until_ready
from waiting import until

FOLDER = ROOT / "config/prometheus"
EXAMPLES = sorted((FOLDER / "remote-write").glob("*.yml"))
SECRETS = "/run/secrets"
# What Prometheus before 3.8 does not know, in the stack's configuration.
NEWER = r"^ *(scrape_native_histograms|always_scrape_classic_histograms): .*\n"
# What each store wants beside the protocol.
WANTED = {
    "mimir.yml": ("/api/v1/push", {"x-scope-orgid": "weir"}),
    "thanos-receive.yml": ("/api/v1/receive", {"thanos-tenant": "weir"}),
    "victoriametrics.yml": ("/api/v1/write", {}),
    "prometheus.yml": ("/api/v1/write", {}),
}

each = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)


def test_there_are_as_many_as_are_known():
    assert {path.name for path in EXAMPLES} == WANTED.keys()


@each
@pytest.mark.parametrize("shipped", ["prometheus.yml", "stack.yml"])
def test_it_fits_the_shipped_configuration(example, shipped, tmp_path):
    file = tmp_path / shipped
    file.write_text(re.sub(NEWER, "", (FOLDER / shipped).read_text(), flags=re.M) + example.read_text())
    done = subprocess.run(["promtool", "check", "config", "--syntax-only", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@each
def test_secrets_come_from_files(example):
    [write] = yaml.safe_load(example.read_text())["remote_write"]
    assert write["url"].startswith("https://")
    assert write["basic_auth"].keys() == {"username", "password_file"}


class Store(http.server.BaseHTTPRequestHandler):
    """Takes whatever is written, and keeps how it was asked."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.put((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def listening():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
    server.url = "http://{}:{}".format(*server.server_address)
    server.asked = queue.Queue()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def prometheus(folder, configuration, *flags):
    """One that is running, in a folder of its own."""
    folder.mkdir()
    [port] = free_ports(1)
    file = folder / "prometheus.yml"
    file.write_text(configuration)
    command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn"]
    program = Program(folder.name, [*command, f"--web.listen-address=127.0.0.1:{port}", *flags], folder)
    running = Prometheus(program, f"http://127.0.0.1:{port}")
    try:
        wait_until_ready(running)
        yield running
    finally:
        program.stop()


def sender(secrets, target, urls):
    """A configuration that scrapes this target, and has examples with these addresses in the place of their hosts."""
    secrets.mkdir()
    writes = []
    for example, url in urls.items():
        text = re.sub(r"https://[\w.-]+", url, example.read_text()).replace(SECRETS, str(secrets))
        [write] = yaml.safe_load(text)["remote_write"]
        Path(write["basic_auth"]["password_file"]).write_text("s3cret")
        writes.append(write)
    return yaml.safe_dump({
        "global": {"scrape_interval": "1s", "external_labels": {"host": "gpu-1"}},
        "scrape_configs": [{"job_name": "store", "static_configs": [{"targets": [target]}]}],
        "remote_write": writes,
    })


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """How each store was asked, by the example's name: path and headers."""
    folder = tmp_path_factory.mktemp("sent")
    found = {}
    with listening() as store:
        configuration = sender(folder / "secrets", "127.0.0.1:9", {path: f"{store.url}/{path.name}" for path in EXAMPLES})

        def all_were_asked():
            while not store.asked.empty():
                path, headers = store.asked.get()
                _, name, rest = path.split("/", 2)
                found[name] = f"/{rest}", headers
            return found.keys() == WANTED.keys()

        with prometheus(folder / "sender", configuration) as running:
            until("all were written to", all_were_asked, 60, running.program.log_tail)
    return found


@each
def test_what_is_sent(example, sent):
    path, headers = WANTED[example.name]
    asked, found = sent[example.name]
    if "version 2.42" in subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True).stdout:
        # It leaves out `headers`, as the examples say.
        assert not headers.keys() & found.keys()
        headers = {}
    key = base64.b64encode(b"weir:s3cret").decode()
    wanted = headers | {"authorization": f"Basic {key}", "content-encoding": "snappy"}
    assert (asked, {name: found.get(name) for name in wanted}) == (path, wanted)


def test_another_prometheus_has_it(tmp_path):
    [example] = [path for path in EXAMPLES if path.name == "prometheus.yml"]
    with prometheus(tmp_path / "receiver", "{}", "--web.enable-remote-write-receiver") as receiver:
        configuration = sender(tmp_path / "secrets", receiver.url.removeprefix("http://"), {example: receiver.url})
        with prometheus(tmp_path / "sender", configuration) as running:
            written = 'prometheus_build_info{host="gpu-1",job="store"}'
            until("what was scraped is there", lambda: receiver.ask(written), 60, running.program.log_tail)
            # Of the same scrapes.
            assert running.ask('count({__name__=~"go_.+"})') and not receiver.ask('count({__name__=~"go_.+"})')
