"""The stack's Compose files: valid in every combination, pinned, bounded, and with no more rights than they give a reason for."""

import itertools
import json
import os
import re
import subprocess
import tomllib
import urllib.parse

import pytest
import yaml

import compose
from stack import BINARIES

PROFILES = [[], ["gpu"], ["simulated"], ["gpu", "simulated"]]
COMBINATIONS = [[compose.BASE], *([compose.BASE, example] for example in compose.EXAMPLES), [compose.BASE, *compose.EXAMPLES]]

# Everything that is published: by service, address and port outside.
PUBLISHED = {
    ("grafana", "127.0.0.1", 23000), ("weir", "127.0.0.1", 9800), ("weir-loadtest", "127.0.0.1", 8001),
    ("prometheus", "127.0.0.1", 23001), ("loki", "127.0.0.1", 23002),
    ("langfuse-web", "127.0.0.1", 23003), ("label-studio", "127.0.0.1", 23004),
}
# What of the host itself is mounted, besides files of this repository.
HOST = {
    "docker-proxy": {"/var/run/docker.sock", "/run/containerd"},
    "node-exporter": {"/proc", "/sys", "/"},
    "node-exporter-network": {"/proc"},
    "cadvisor": {"/proc", "/sys", "/var/lib/docker/image"},
}
ASK_DOCKER = {"docker-proxy", "weir-discovery", "alloy", "cadvisor"}
EACH_SERVICE = pytest.mark.parametrize("name", sorted(compose.services()))


@pytest.mark.parametrize("profiles", PROFILES, ids=lambda them: "+".join(them) or "none")
@pytest.mark.parametrize("files", COMBINATIONS, ids=lambda them: "+".join(file.stem for file in them))
def test_compose_takes_it(files, profiles):
    services = compose.config(files, profiles)["services"]
    assert ("engine-a" in services, "weir-gpu-exporter" in services) == ("simulated" in profiles, "gpu" in profiles)


def test_the_example_of_settings_holds_the_defaults():
    files = [compose.BASE, *compose.EXAMPLES]
    assert compose.config(files, [compose.EVERY], compose.SETTINGS) == compose.whole()


def test_the_example_of_settings_names_all_there_are():
    files = [compose.BASE, *compose.EXAMPLES]
    used = set(itertools.chain.from_iterable(re.findall(r"(?<!\$)\$\{(\w+)", file.read_text()) for file in files))
    named = re.findall(r"^#?([A-Z_]+)=", compose.SETTINGS.read_text(), flags=re.M)
    assert len(named) == len(set(named)), "one is named twice"
    assert set(named) == used


@EACH_SERVICE
def test_it_is_bounded(name):
    service = compose.services()[name]
    assert service["restart"] == ("no" if "once" in compose.reasons(service) else "unless-stopped")
    limits = service["deploy"]["resources"]["limits"]
    assert limits["cpus"] and limits["memory"] and limits["pids"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}, "logs would fill the disk"


@EACH_SERVICE
def test_it_has_no_right_without_a_reason(name):
    service = compose.services()[name]
    why = compose.reasons(service)
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "devices", "network_mode", "ipc", "userns_mode", "cgroup"} & service.keys()
    is_root = service["user"].partition(":")[0] in ("0", "root")
    mounts_the_host = not {str(path) for path in compose.binds(service).values()}.isdisjoint({"/", "/proc", "/sys"})
    peculiar = {
        "root": is_root,
        "writable": not service.get("read_only"),
        "host": "pid" in service or mounts_the_host,
        "socket": any("docker.sock" in str(path) for path in compose.binds(service).values()),
        "healthcheck": "healthcheck" not in service,
        "signal": "stop_signal" in service,
        "once": service["restart"] == "no",
        "ignore": service.get("labels", {}).get("llm.role") == "ignore",
    }
    assert {key for key, holds in peculiar.items() if holds} == why.keys(), "what is unusual, and what x-why has reasons for"


@EACH_SERVICE
def test_its_image_is_pinned(name):
    image = compose.services()[name]["image"]
    tag = image.rpartition("/")[2].partition(":")[2]
    assert re.match(r"v?\d+\.\d+|RELEASE\.\d{4}-\d\d-\d\d", tag), image


def test_versions_of_others_stand_in_one_place():
    parsed = yaml.safe_load(compose.BASE.read_text())
    written = parsed["x-images"].values()
    used = {service["image"] for service in parsed["services"].values() if not service["image"].startswith("weir-")}
    assert used == set(written)


def test_images_of_our_own_are_made_by_the_dockerfile():
    dockerfile = (compose.FOLDER / "Dockerfile").read_text()
    workspace = tomllib.loads((compose.ROOT / "Cargo.toml").read_text())["workspace"]
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", dockerfile, flags=re.M))
    built = set()
    for name, service in compose.services().items():
        image, _, tag = service["image"].partition(":")
        if "build" not in service:
            continue
        assert (service["build"]["context"], service["build"]["dockerfile"]) == (str(compose.ROOT), "compose/Dockerfile")
        target = service["build"]["target"]
        assert image in (target, f"{target}-simulated") and tag == workspace["package"]["version"], name
        built.add(target)
    assert built == stages - {"build", "base"} == {"weir-proxy", "weir-discovery", "weir-gpu-exporter", "weir-loadtest"}
    for base in re.findall(r"^FROM (\S+) AS", dockerfile, flags=re.M):
        assert base in stages or re.search(r":\d+\.\d+", base), f"{base} is not pinned"
    [rust] = re.findall(r"^FROM rust:(\d+\.\d+)", dockerfile, flags=re.M)
    assert rust == workspace["package"]["rust-version"]


@pytest.mark.parametrize("profiles", PROFILES, ids=lambda them: "+".join(them) or "none")
def test_each_image_of_our_own_is_built_once(profiles):
    """Two builds that export one tag at once are an error where images are in containerd, as with Docker 29."""
    services = compose.config([compose.BASE, *compose.EXAMPLES], profiles)["services"].values()
    used = {service["image"] for service in services if service["image"].startswith("weir-")}
    assert sorted(service["image"] for service in services if "build" in service) == sorted(used)


def test_the_build_has_all_of_the_workspace_and_little_else():
    kept = set(re.findall(r"^!(\S+)$", (compose.ROOT / ".dockerignore").read_text(), flags=re.M))
    members = tomllib.loads((compose.ROOT / "Cargo.toml").read_text())["workspace"]["members"]
    assert kept == {member.partition("/")[0] for member in members} | {"Cargo.toml", "Cargo.lock"}


def test_what_is_published():
    published = {
        (name, port["host_ip"], int(port["published"]))
        for name, service in compose.services().items() for port in service.get("ports", ())
    }
    assert published == PUBLISHED


def test_the_address_to_publish_on_is_a_setting():
    here = compose.config(settings={"PUBLISH_HOST": "0.0.0.0"})["services"]
    everywhere = {name for name, service in here.items() for port in service.get("ports", ()) if port["host_ip"] == "0.0.0.0"}
    assert everywhere == {"weir", "weir-loadtest", "grafana"}


def test_only_one_has_the_socket_and_few_may_ask_it():
    services = compose.services()
    for name, service in services.items():
        outside = {str(path) for path in compose.binds(service).values() if not path.is_relative_to(compose.ROOT)}
        assert outside == HOST.get(name, set()), name
    assert {name for name, service in services.items() if "docker-api" in service["networks"]} == ASK_DOCKER
    assert set(services["docker-proxy"]["networks"]) == {"docker-api"}


def test_networks():
    networks = compose.whole()["networks"]
    assert {name for name, network in networks.items() if network.get("internal")} == {"weir", "docker-api", "langfuse"}
    for name, service in compose.services().items():
        assert "default" not in service["networks"], name
        # A network without a way out publishes nothing.
        assert "ports" not in service or "outside" in service["networks"], name


def test_all_that_is_kept_is_in_named_volumes():
    mounts = [mount for service in compose.services().values() for mount in service.get("volumes", ())]
    used = {mount["source"] for mount in mounts if mount["type"] == "volume"}
    assert all(mount["type"] in ("bind", "volume") and mount["source"] for mount in mounts)
    assert used == compose.whole()["volumes"].keys()


def test_dockers_notes_are_where_cadvisor_looks_for_them():
    """Docker tells it its folder, and it looks for that below /rootfs."""
    for settings in ({}, {"DOCKER_FOLDER": "/srv/docker"}):
        folder = settings.get("DOCKER_FOLDER", "/var/lib/docker")
        mounted = compose.binds(compose.config(settings=settings)["services"]["cadvisor"])
        assert str(mounted[f"/rootfs{folder}/image"]) == f"{folder}/image"


@EACH_SERVICE
def test_what_it_mounts_is_there(name):
    service = compose.services()[name]
    for inside, source in compose.binds(service).items():
        if source.is_relative_to(compose.ROOT):
            # A file alone would stay what it was when an editor puts a new one in its place.
            assert source.is_dir(), f"{inside}: there is no folder {source}"
    environment = service.get("environment") or {}
    words = [*(service.get("command") or ()), *map(str, environment.values())]
    for inside in re.findall(r"/etc/[\w./-]+\.(?:ya?ml|toml|alloy|json|cfg)", " ".join(words)):
        written = {entry["target"] for entry in service.get("configs", ())}
        assert inside in written or compose.on_the_host(service, inside).is_file(), f"{name}: {inside}"


@pytest.mark.parametrize("name", ["weir", "weir-discovery", "weir-gpu-exporter", "weir-gpu-exporter-simulated", "weir-loadtest"])
def test_our_daemons_take_their_settings(name):
    """With the environment and the flags that the container has."""
    service = compose.services()[name]
    environment = {key: value for key, value in service["environment"].items() if value is not None}
    environment["WEIR_CONFIG"] = str(compose.on_the_host(service, environment["WEIR_CONFIG"]))
    program = BINARIES / service["build"]["target"]
    done = subprocess.run([program, *service["command"], "--check"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_simulated_engines_are_those_that_are_asked_for():
    services = compose.services()
    engines = {name: service for name, service in services.items() if name.startswith("engine-")}
    models = {}
    for name, service in engines.items():
        labels, words = service["labels"], service["command"]
        assert service["profiles"] == ["simulated"]
        assert words[words.index("--model") + 1] == labels["llm.model"], name
        assert words[words.index("--listen") + 1].endswith(":" + labels["llm.port"]), name
        models[labels["llm.model"]] = labels["llm.route"]
    versions = {service["command"][service["command"].index("--engine") + 1] for service in engines.values()}
    assert len(versions) == len(engines) > 2, "engines of different versions"
    asked = re.findall(r"--model=(\S+)", " ".join(services["traffic"]["command"]))
    assert asked == list(models)
    litellm = yaml.safe_load((compose.ROOT / "config/litellm/stack.yaml").read_text())
    behind = {each["model_name"]: each["litellm_params"]["api_base"] for each in litellm["model_list"]}
    assert behind == {model: f"http://weir:9801/{route}/v1" for model, route in models.items()}


def test_the_page_of_benchmarks_leads_to_what_is_there():
    links = compose.services()["weir-loadtest"]["environment"]
    grafana = links["WEIR_LOADTEST__GRAFANA"]
    assert links["WEIR_LOADTEST__LOGS"] == f"{grafana}/d/{compose.ROOT.joinpath('dashboards/weir-logs.json').stem}"
    [panes] = urllib.parse.parse_qs(links["WEIR_LOADTEST__TRACE"].removeprefix(f"{grafana}/explore?"))["panes"]
    [pane] = json.loads(panes).values()
    sources = (compose.ROOT / "config/grafana/provisioning/datasources/weir.yml").read_text()
    assert pane["datasource"] in {source["uid"] for source in yaml.safe_load(sources)["datasources"]}
    assert pane["queries"][0]["query"] == "{trace_id}"


def test_a_benchmark_has_the_store_of_the_page():
    page, benchmark = compose.services()["weir-loadtest"], compose.services()["loadtest"]
    [store] = {service["environment"]["WEIR_LOADTEST__STORE"] for service in (page, benchmark)}
    dockerfile = (compose.FOLDER / "Dockerfile").read_text()
    assert f"WEIR_LOADTEST__STORE={store}\n" in dockerfile
    folder = os.path.dirname(store)
    assert f"--chown={page['user']} {folder} {folder}\n" in dockerfile, "a new volume has the owner of the image's folder"
    mounted = [[mount["source"] for mount in service["volumes"] if mount["target"] == folder] for service in (page, benchmark)]
    assert mounted == [["loadtest-data"]] * 2


def test_litellm_is_set_up_as_without_containers():
    shipped, stack = (yaml.safe_load((compose.ROOT / "config/litellm" / name).read_text()) for name in ("config.yaml", "stack.yaml"))
    del shipped["model_list"], stack["model_list"]
    assert shipped == stack


def test_who_is_named_in_configurations_is_there():
    """And in a network with whoever asks for it."""
    services = compose.services()
    configurations = {
        "prometheus": "prometheus/stack.yml", "alloy": "alloy/stack.alloy", "grafana": "grafana/provisioning/datasources/weir.yml",
        "weir": "stack/weir.toml", "weir-discovery": "stack/weir.toml", "weir-loadtest": "stack/weir.toml", "litellm": "litellm/stack.yaml",
    }
    for name, file in configurations.items():
        lines = (compose.ROOT / "config" / file).read_text().splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith(("#", "//")))
        hosts = set(re.findall(r"""(?:(?:https?|tcp)://|["'\s])([a-z][a-z-]*):\d{2,5}\b""", text))
        assert hosts or name == "litellm", file
        for host in hosts & services.keys() if file == "stack/weir.toml" else hosts:
            assert host in services, f"{file}: {host}"
            mine = set(services[name]["networks"]) & set(services[host]["networks"])
            assert mine or file == "stack/weir.toml", f"{name} and {host} share no network"


def test_docker_compose_is_the_real_one():
    assert re.search(r"v?5\.\d+\.\d+", compose.run("version", "--short")), os.fspath(compose.DOCKER_COMPOSE)
