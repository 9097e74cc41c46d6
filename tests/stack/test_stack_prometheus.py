"""Prometheus in the stack: its configuration is that of a host without containers, its password the one that is documented,
and what cAdvisor says gets the labels that all others have."""

import base64
import contextlib
import http.server
import json
import re
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import bcrypt
import pytest
import yaml

import compose
from ports import free_ports
from processes import Program
from scraper import Prometheus
from waiting import until

FOLDER = compose.ROOT / "config/prometheus"
NATIVE, STACK = (FOLDER / name for name in ("prometheus.yml", "stack.yml"))

# The same thing's address on one host and in the stack.
ADDRESSES = {
    "127.0.0.1:9900": "weir:9900", "127.0.0.1:9901": "weir-discovery:9901", "127.0.0.1:8001": "weir-loadtest:8001", "127.0.0.1:9090": "127.0.0.1:9090",
    "127.0.0.1:9093": "alertmanager:9093", "127.0.0.1:9100": "node-exporter:9100",
}
# Jobs that only the stack has, unless the other file has come to have them, too.
MORE = {"prometheus", "alertmanager", "node", "cadvisor", "loki", "alloy", "tempo", "grafana"}
# What Prometheus before 3.8 does not know.
NEWER = {"scrape_native_histograms", "always_scrape_classic_histograms"}

# Control groups as cAdvisor names them, with systemd and without, and those of what is no container.
ID = {name: f"{name}" + "0" * 63 for name in "abc"}
CADVISOR = f"""
container_memory_rss{{id="/system.slice/docker-{ID['a']}.scope",image="x:1",name="vllm-llama"}} 1
container_memory_rss{{id="/docker/{ID['b']}",image="x:1",name="grafana"}} 2
container_memory_rss{{id="/system.slice/docker-{ID['c']}.scope",image="",name=""}} 3
container_memory_rss{{id="/system.slice/docker-{ID['a']}.scope/init.scope",image="",name=""}} 4
container_memory_rss{{id="/",image="",name=""}} 5
container_memory_rss{{id="/system.slice/ssh.service",image="",name=""}} 6
machine_cpu_cores{{machine_id="m"}} 8
"""


def jobs(path):
    configuration = yaml.safe_load(path.read_text())
    return {job.pop("job_name"): job for job in configuration["scrape_configs"]}


def moved(text):
    for here, there in ADDRESSES.items():
        text = text.replace(here, there)
    return text


def test_jobs_are_those_of_a_host_without_containers():
    native = yaml.safe_load(moved(yaml.safe_dump(jobs(NATIVE))))
    stack = jobs(STACK)
    assert stack.keys() - native.keys() <= MORE and native.keys() <= stack.keys()
    # The stack has the GPU exporter with some profiles only, and so finds it, among the others.
    exporter, others = stack.pop("weir-gpu-exporter"), stack["weir"]["relabel_configs"].pop(0)
    assert exporter["http_sd_configs"][0]["url"] == stack["weir"]["http_sd_configs"][0]["url"]
    kept, *rest = exporter["relabel_configs"]
    assert (kept | {"action": "drop"}) == others and rest == stack["weir"]["relabel_configs"]
    assert native.pop("weir-gpu-exporter")["static_configs"][0]["targets"][0].endswith(others["regex"].removeprefix(".*"))
    shared = native.keys() - {"node"}
    assert {name: stack[name] for name in shared} == {name: native[name] for name in shared}


def test_all_else_is_the_same_too():
    native, stack = (yaml.safe_load(moved(path.read_text())) for path in (NATIVE, STACK))
    assert {key: value for key, value in stack["global"].items() if key not in NEWER} == native["global"]
    assert all(stack["global"][key] is True for key in NEWER)
    assert stack["rule_files"] == native["rule_files"]
    assert stack["alerting"] == native.get("alerting", stack["alerting"])


def test_grafana_knows_how_often_is_asked():
    sources = yaml.safe_load((compose.ROOT / "config/grafana/provisioning/datasources/weir.yml").read_text())["datasources"]
    uids = {source["uid"]: source for source in sources}
    assert uids["prometheus"]["jsonData"]["timeInterval"] == yaml.safe_load(STACK.read_text())["global"]["scrape_interval"]
    # What points at another points at one that is there.
    named = re.findall(r"datasourceUid: (\S+)", (compose.ROOT / "config/grafana/provisioning/datasources/weir.yml").read_text())
    assert named and set(named) <= uids.keys() >= {"prometheus", "loki", "tempo"}


def test_every_target_is_a_service_that_can_be_reached():
    services = compose.services()
    for name, job in jobs(STACK).items():
        for target in (target for static in job.get("static_configs", ()) for target in static["targets"]):
            host = target.partition(":")[0]
            assert host == "127.0.0.1" or "weir" in services[host]["networks"], f"{name}: {target}"


def web_configuration():
    return compose.whole()["configs"]["prometheus-web"]["content"].replace("$$", "$")


def test_the_password_is_the_one_that_is_documented():
    password = compose.whole()["configs"]["prometheus-password"]["content"].strip()
    assert f"PROMETHEUS_PASSWORD={password}\n" in compose.SETTINGS.read_text()
    assert f"password `{password}`" in (compose.FOLDER / "README.md").read_text()
    [hashed] = re.findall(r"^PROMETHEUS_PASSWORD_HASH='(.+)'$", compose.SETTINGS.read_text(), flags=re.M)
    users = yaml.safe_load(web_configuration())["basic_auth_users"]
    assert users == {"weir": hashed}
    assert bcrypt.checkpw(password.encode(), hashed.encode())
    for name in ("prometheus", "grafana", "weir-loadtest", "loadtest"):
        assert compose.services()[name]["environment"]["PROMETHEUS_PASSWORD"] == password


class Cadvisor(http.server.BaseHTTPRequestHandler):
    """A page of cAdvisor's."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(CADVISOR.encode())

    def log_message(self, *_):
        pass


class Guarded(Prometheus):
    """The stack's Prometheus, which asks for a password."""

    def __init__(self, program, url, authorization):
        super().__init__(program, url)
        handler = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        handler.addheaders = [("authorization", authorization)]
        self._open = handler.open

    def _api(self, path, **query):
        with self._open(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """A real one with the shipped files: only addresses, paths and intervals are others, and what it is too old for is left out."""
    folder = tmp_path_factory.mktemp("prometheus")
    [port] = free_ports(1)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cadvisor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("prometheus-password", "litellm-key"):
        (folder / name).write_text(compose.whole()["configs"][name]["content"])
    (folder / "web.yml").write_text(web_configuration())
    text = "".join(line for line in STACK.read_text().splitlines(True) if line.strip().partition(":")[0] not in NEWER)
    for shipped, here in {
        "127.0.0.1:9090": f"127.0.0.1:{port}", "cadvisor:8080": "{}:{}".format(*server.server_address),
        "/run/secrets/": f"{folder}/", "rules/*.yml": f"{FOLDER}/rules/*.yml", "scrape_interval: 15s": "scrape_interval: 1s",
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    configuration = folder / "stack.yml"
    configuration.write_text(text)
    subprocess.run(["promtool", "check", "config", configuration], check=True, capture_output=True)
    subprocess.run(["promtool", "check", "web-config", folder / "web.yml"], check=True, capture_output=True)
    command = ["prometheus", f"--config.file={configuration}", f"--web.config.file={folder}/web.yml"]
    command += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    program = Program("prometheus", command, folder)
    authorization = "Basic " + base64.b64encode(b"weir:weir-prometheus").decode()
    prometheus = Guarded(program, f"http://127.0.0.1:{port}", authorization)

    def ready():
        with contextlib.suppress(OSError):
            return prometheus._open(prometheus.url + "/-/ready", timeout=5).status == 200

    try:
        program.wait_until("Prometheus is ready", ready, 30)
        yield prometheus
    finally:
        program.stop()
        server.shutdown()
        server.server_close()


def test_it_asks_for_a_password(prometheus):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(prometheus.url + "/-/ready", timeout=10)


def test_it_shows_itself_the_password(prometheus):
    up = lambda: prometheus.ask('up{job="prometheus"} == 1')
    until("Prometheus scrapes itself", up, 20, prometheus.program.log_tail)


def test_what_cadvisor_says_has_the_labels_of_all_others(prometheus):
    seen = lambda: prometheus.ask('container_memory_rss{job="cadvisor"}')
    until("cAdvisor was scraped", seen, 20, prometheus.program.log_tail)
    found = {(labels["container"], labels["container_id"]): value for labels, value in seen()}
    assert found == {("vllm-llama", ID["a"]): 1, ("grafana", ID["b"]): 2, ("c00000000000", ID["c"]): 3}
    assert all(not {"id", "name"} & labels.keys() for labels, _ in seen())
    assert prometheus.number("machine_cpu_cores") == 8
