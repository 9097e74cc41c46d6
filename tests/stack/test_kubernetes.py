"""kubernetes/: what kubectl renders is what the API takes, its parts fit each other, and Weir starts with its configuration."""

import json
import os
import re
import subprocess
import tomllib

import kubernetes_validate
import pytest
import yaml

import operator_objects
from kubernetes_objects import FOLDERS, KUBERNETES, ROOT, Pod, config_map, name, of_kind, pod_of, render, rendered, seconds
from stack import BINARIES

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
NEWEST = kubernetes_validate.latest_version()
# As README.md has it: the oldest, and the oldest that has sidecars.
OLDEST, OLDEST_WITH_SIDECARS = "1.25", "1.29"

README = (KUBERNETES / "README.md").read_text()

# What Prometheus and Grafana are given.
WITHOUT_PODS = ("dashboards", "config/prometheus/rules", "kubernetes/rules", "kubernetes/monitoring", "kubernetes/monitoring-operator")
WITH_PODS = [folder for folder in FOLDERS if folder not in WITHOUT_PODS]
WITH_ENGINES = [folder for folder in WITH_PODS if "sidecar" in folder or "models" in folder]
# Bytes of an object: `kubectl apply` writes all of it into an annotation. (A ConfigMap may have 1 MiB.)
MOST = 256 << 10


@pytest.fixture
def pod(folder):
    """The one that the folder makes."""
    return pod_of(folder)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_api_takes_it(folder):
    for thing in rendered(folder):
        if thing["kind"] in operator_objects.SCHEMAS:
            operator_objects.validate(thing)
            continue
        for version in (OLDEST_WITH_SIDECARS if has_sidecars(folder) else OLDEST, NEWEST):
            kubernetes_validate.validate(thing, version, strict=True)


def has_sidecars(folder):
    return folder in WITH_PODS and any(container.is_sidecar for container in pod_of(folder).containers)


def test_the_newest_api_would_refuse_a_slip():
    """Whether the test above can fail."""
    [deployment] = of_kind("kubernetes/discovery", "Deployment")
    slip = yaml.safe_load(yaml.safe_dump(deployment).replace("livenessProbe", "livenesProbe"))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slip, NEWEST, strict=True)


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_are_there_once(folder):
    names = [(each["kind"], each["metadata"].get("namespace"), name(each)) for each in rendered(folder)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_is_small_enough_to_be_applied(folder):
    for each in rendered(folder):
        assert len(json.dumps(each).encode()) < MOST, name(each)


@pytest.mark.parametrize("folder", WITH_PODS)
def test_images_are_pinned(folder, pod):
    for container in pod.containers:
        image, _, tag = container.image.rpartition(":")
        assert image and re.fullmatch(r"v?\d+\.\d+\.\d+", tag), container.image
        if container.is_weirs:
            assert tag == VERSION, f"{container.image}: {folder}/kustomization.yaml has another version than Cargo.toml"


@pytest.mark.parametrize("folder", WITH_PODS)
def test_probes_ask_ports_that_are_there(folder, pod):
    for container in pod.containers:
        assert "livenessProbe" in container.probes(), container.name
        for kind, probe in container.probes().items():
            assert probe["httpGet"]["port"] in container.ports, (container.name, kind)
            if container.is_weirs:
                assert probe["httpGet"]["path"] in ("/health", "/ready")


@pytest.mark.parametrize("folder", WITH_PODS)
def test_they_may_do_no_more_than_they_need(folder, pod):
    """As Kubernetes' Pod Security Standards have it under "restricted", but for the exporter's pids."""
    spec = pod.spec
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert not spec.get("hostNetwork") and not spec.get("hostIPC")
    assert spec.get("hostPID", False) == (name(pod.owner) == "weir-gpu-exporter")
    assert not [volume for volume in spec.get("volumes", ()) if "hostPath" in volume]
    for container in pod.containers:
        context = container.spec["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert not container.is_weirs or context["readOnlyRootFilesystem"]
        assert not [port for port in container.spec.get("ports", ()) if "hostPort" in port]


@pytest.mark.parametrize("folder", WITH_PODS)
def test_weir_says_what_it_takes(folder, pod):
    for container in pod.containers:
        if container.is_weirs:
            resources = container.spec["resources"]
            assert {"cpu", "memory"} == set(resources["requests"])
            assert set(resources["limits"]) == {"memory"}, "a limit of processor time holds up streams"


@pytest.mark.parametrize("folder", WITH_PODS)
def test_weir_takes_its_configuration(folder, pod, tmp_path):
    """`--check` of the very files, arguments and variables that the container has."""
    for container in (each for each in pod.containers if each.is_weirs):
        mounts = {each["name"]: each["mountPath"] for each in container.spec.get("volumeMounts", ())}
        # Absolute paths are below this folder.
        root = tmp_path / container.name
        here = lambda text: re.sub(rf"({'|'.join(mounts.values())})", rf"{root}\1", text) if mounts else text
        for volume, config in pod.config_maps().items():
            if volume in mounts:
                for file, text in config_map(folder, config).items():
                    write(here(mounts[volume]), file, here(text))
        for volume, secret in pod.secrets().items():
            for file in keys_of_the_secret(secret):
                write(here(mounts[volume]), file, "a key")
        binary = BINARIES / container.image.partition(":")[0]
        # The first is as Kubernetes makes them of Services.
        environment = {"WEIR_PROXY_PORT": "tcp://10.0.0.7:9801"} | container.environment(pod)
        command = [binary, *map(here, container.spec["args"]), "--check"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, (container.name, done.stderr)


def write(folder, file, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, file), "w") as opened:
        opened.write(text)


def keys_of_the_secret(secret):
    """Those that README.md's command makes."""
    [command] = re.findall(rf"create secret generic {secret} (.+)", README)
    return re.findall(r"--from-literal=([\w-]+)=", command)


@pytest.mark.parametrize("folder", WITH_ENGINES)
def test_a_pod_has_the_time_to_drain(folder, pod):
    grace = seconds(tomllib.loads(config_map(folder, pod.config_maps()["weir"])["weir.toml"])["proxy"]["drain_grace"])
    *_, waited = pod.container("vllm").spec["lifecycle"]["preStop"]["exec"]["command"]
    whole = pod.spec["terminationGracePeriodSeconds"]
    proxy = pod.container("weir-proxy")
    if proxy.is_sidecar:
        unlisted = pod.container("vllm").spec["lifecycle"]["preStop"]["exec"]["command"][-2]
        assert float(waited) == grace
        used = float(unlisted) + grace
    else:
        # Until nobody sends requests, what the answers may take, and the log and the spans.
        used = float(proxy.spec["lifecycle"]["preStop"]["exec"]["command"][-1]) + grace + 6
        assert float(waited) == used
    assert whole >= used + 30, "vLLM needs time to end, too"


@pytest.mark.parametrize("folder", WITH_ENGINES)
def test_weir_stands_between_the_service_and_the_engine(folder, pod):
    [service] = of_kind(folder, "Service")
    proxy, engine = pod.container("weir-proxy"), pod.container("vllm")
    assert [port["targetPort"] for port in service["spec"]["ports"]] == [proxy.ports["llm"]]
    environment = proxy.environment(pod)
    assert environment["WEIR_PROXY__UPSTREAM"] == f"http://127.0.0.1:{engine.ports['vllm']}"
    assert f"http://127.0.0.1:{engine.ports['vllm']}" in pod.container("weir-discovery").environment(pod)["WEIR_DISCOVERY__ENGINES"]
    assert environment["WEIR_PROXY__ENGINE"] == f"0.0.0.0:{proxy.ports['llm']}"
    assert environment["WEIR_PROXY__ADMIN"] == f"0.0.0.0:{proxy.ports['weir-proxy']}"


@pytest.mark.parametrize("folder", WITH_PODS)
def test_selectors_find_the_pods(folder, pod):
    budgets = of_kind(folder, "PodDisruptionBudget")
    for selector in [each["spec"]["selector"]["matchLabels"] for each in (pod.owner, *budgets)]:
        assert selector.items() <= pod.labels.items()
    for service in of_kind(folder, "Service"):
        assert service["spec"]["selector"].items() <= pod.labels.items()
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in {*pod.ports(), *pod.ports().values()}


@pytest.mark.parametrize("folder", WITH_PODS)
def test_only_listed_ports_are_reached(folder, pod):
    [policy] = [each["spec"] for each in of_kind(folder, "NetworkPolicy")]
    assert policy["podSelector"]["matchLabels"].items() <= pod.labels.items()
    assert policy["policyTypes"] == ["Ingress"]
    # A rule without `ports` or `from` would be for all of them.
    assert all(rule["ports"] and rule["from"] for rule in policy["ingress"])
    reached = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    expected = {number for port, number in pod.ports().items() if port != "vllm"}
    assert reached == expected, "vLLM is reached through the proxy only"


def test_a_models_label_is_not_asked_of_others():
    """commonLabels adds it wherever it finds matchLabels."""
    [policy] = of_kind("kubernetes/models/llama", "NetworkPolicy")
    assert policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "llama"
    assert "llama" not in yaml.safe_dump(policy["spec"]["ingress"])


def test_a_models_names():
    pod = pod_of("kubernetes/models/llama")
    assert pod.container("weir-proxy").environment(pod)["WEIR_PROXY__ROUTE"] == "llama"
    arguments = pod.container("vllm").spec["args"]
    assert arguments[arguments.index("--served-model-name") + 1] == pod.metadata["annotations"]["llm.model"]
    assert arguments[arguments.index("--port") + 1] == str(pod.container("vllm").ports["vllm"])
    assert pod.container("vllm").spec["resources"]["limits"]["nvidia.com/gpu"]


def test_the_next_model_is_a_copy_with_other_names(tmp_path):
    """README.md, "The next model": two models beside each other share nothing."""
    copy = tmp_path / "kubernetes"
    subprocess.run(["cp", "-r", KUBERNETES, copy], check=True)
    subprocess.run(["cp", "-r", copy / "models/llama", copy / "models/qwen"], check=True)
    [command] = re.findall(r"^sed .+$", README, re.M)
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    qwen = render(copy / "models/qwen")
    names = lambda things: {(each["kind"], name(each)) for each in things}
    assert names(qwen).isdisjoint(names(rendered("kubernetes/models/llama")))
    [service] = [each for each in qwen if each["kind"] == "Service"]
    llama = pod_of("kubernetes/models/llama")
    assert not service["spec"]["selector"].items() <= llama.labels.items()


@pytest.fixture(scope="module")
def patched(tmp_path_factory):
    """A Deployment of LiteLLM with the patch, as the API server would make it."""
    folder = tmp_path_factory.mktemp("litellm")
    known = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "litellm"}}
    labels = {"app.kubernetes.io/name": "litellm"}
    container = {"name": "litellm", "image": "litellm:1.2.3", "ports": [{"name": "http", "containerPort": 4000}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = known | {"spec": {"selector": {"matchLabels": labels}, "template": template}}
    files = {
        "deployment.yaml": deployment,
        "sidecar.yaml": known | yaml.safe_load((KUBERNETES / "litellm/sidecar.yaml").read_text()),
        "kustomization.yaml": {"resources": ["deployment.yaml"], "patchesStrategicMerge": ["sidecar.yaml"]},
    }
    for file, content in files.items():
        (folder / file).write_text(yaml.safe_dump(content))
    [made] = render(folder)
    return Pod(made)


def test_litellm_has_a_proxy_in_front(patched):
    service = yaml.safe_load((KUBERNETES / "litellm/service.yaml").read_text())
    for thing in (patched.owner, service):
        for version in (OLDEST_WITH_SIDECARS, NEWEST):
            kubernetes_validate.validate(thing, version, strict=True)
    proxy = patched.container("weir-proxy")
    assert proxy.is_sidecar and proxy.image == f"weir-proxy:{VERSION}"
    assert service["spec"]["selector"].items() <= patched.labels.items()
    assert service["spec"]["ports"][0]["targetPort"] == proxy.ports["llm"]
    assert {probe["httpGet"]["port"] for probe in proxy.probes().values()} == {"weir-proxy"}
    environment = proxy.environment(patched)
    assert environment["WEIR_PROXY__EDGE"] == f"0.0.0.0:{proxy.ports['llm']}"
    assert environment["WEIR_PROXY__UPSTREAM"] == f"http://127.0.0.1:{patched.container('litellm').ports['http']}"
    done = subprocess.run([BINARIES / "weir-proxy", "--check"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    [monitor] = of_kind("kubernetes/monitoring-operator", "PodMonitor")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= patched.labels.items()


def test_the_monitor_finds_what_there_is():
    [monitor] = of_kind("kubernetes/monitoring-operator", "PodMonitor")
    wanted = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
    found = set()
    for folder in WITH_PODS:
        pod = pod_of(folder)
        assert monitor["spec"]["selector"]["matchLabels"].items() <= pod.labels.items()
        found |= pod.ports().keys()
    # `llm` is the way of requests.
    assert wanted == found - {"llm"}


def test_every_dashboard_and_every_rule_is_in_a_config_map():
    dashboards = of_kind("dashboards", "ConfigMap")
    assert {file for each in dashboards for file in each["data"]} == {file.name for file in (ROOT / "dashboards").glob("*.json")}
    assert all(len(each["data"]) == 1 and each["metadata"]["labels"]["grafana_dashboard"] == "1" for each in dashboards)
    files = {file.name: file.read_text() for file in (ROOT / "config/prometheus/rules").glob("*.yml")}
    assert config_map("config/prometheus/rules", "weir-rules") == files


def test_rules_for_the_operator():
    environment = os.environ | {"NAMESPACE": "watch", "RELEASE": "prom"}
    done = subprocess.run([KUBERNETES / "prometheus-rules.sh"], capture_output=True, text=True, env=environment, check=True)
    objects = {name(each): each for each in yaml.safe_load_all(done.stdout)}
    files = [*(ROOT / "config/prometheus/rules").glob("*.yml"), KUBERNETES / "rules/kubernetes.yml"]
    assert set(objects) == {f"weir-{file.stem}" for file in files}
    for file in files:
        made = objects[f"weir-{file.stem}"]
        operator_objects.validate(made)
        assert len(json.dumps(made).encode()) < MOST
        assert made["spec"] == yaml.safe_load(file.read_text())
        assert (made["metadata"]["namespace"], made["metadata"]["labels"]["release"]) == ("watch", "prom")


@pytest.mark.parametrize("command", [
    ["check", "rules", "--lint-fatal", "kubernetes/rules/kubernetes.yml"],
    ["test", "rules", "kubernetes/rules/tests/kubernetes.yml"],
])
def test_what_promtool_says(command):
    done = subprocess.run(["promtool", *command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readmes_commands():
    """Their syntax, and that what they name is there. Those that need no cluster are run by the tests above."""
    shell = "".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    assert subprocess.run(["bash", "-n"], input=shell, text=True).returncode == 0
    folders = re.findall(r"apply -k (\S+)", shell)
    assert folders and set(folders) <= set(FOLDERS)
    files = re.findall(r"(?:kubernetes|compose)/[\w./-]+\.(?:yaml|sh)|compose/Dockerfile", shell)
    assert files and all((ROOT / file).exists() for file in files), files
    targets = re.search(r"for program in (.+); do", shell)[1].split()
    dockerfile = (ROOT / "compose/Dockerfile").read_text()
    assert all(f" AS {target}\n" in dockerfile for target in targets)
    assert set(re.findall(r"weir/\S+:(\d\S+)", shell)) == {VERSION}


def test_the_readmes_snippets(tmp_path):
    images, prometheus = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    copy = tmp_path / "kubernetes"
    subprocess.run(["cp", "-r", KUBERNETES, copy], check=True)
    file = copy / "sidecar/kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    named = yaml.safe_load(images)["images"]
    kustomization["images"] = [each for each in kustomization["images"] if each["name"] != named[0]["name"]] + named
    file.write_text(yaml.safe_dump(kustomization))
    [deployment] = [each for each in render(copy / "models/llama") if each["kind"] == "Deployment"]
    assert Pod(deployment).container("weir-proxy").image == f"registry.example/weir/weir-proxy:{VERSION}"
    mounted = yaml.safe_load(prometheus)
    assert set(mounted) == {"scrape_config_files", "rule_files"}
    maps = {name(each) for each in of_kind("kubernetes/monitoring", "ConfigMap")}
    assert {path.split("/")[3] for paths in mounted.values() for path in paths} <= maps
