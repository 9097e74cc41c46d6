"""The shipped configuration of Alertmanager, in a real one: who is told of what, and which alerts are held back by which."""

import itertools
import re
import subprocess
from dataclasses import dataclass

import pytest
import yaml

import alert_rules
import alertmanager
from exported import ROOT
from waiting import until

FOLDER = ROOT / "config/alertmanager"
SHIPPED = FOLDER / "alertmanager.yml"
SECRETS = "/run/secrets"

ALERTS = {alert.name: alert for alert in alert_rules.alerts()}


def switched_on(text):
    """With all examples of receivers: what is behind a `#` without a space, or with two."""
    return re.sub(r"^( +)#(?=\w|  )", r"\1", text, flags=re.M)


def changed(text, **by):
    """Each of these has to be there."""
    for before, after in by.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


# Routes.


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=critical", "alertname=ModelDown"], "critical"),
        (["severity=warning", "alertname=GpuHot"], "warning"),
        (["severity=info", "alertname=GpuMemoryFull"], "null"),
        (["severity=info", "alertname=Watchdog"], "heartbeat"),
        # Of somebody's own making.
        (["alertname=WithoutSeverity"], "warning"),
    ],
)
def test_routes(labels, receiver):
    command = ["amtool", "config", "routes", "test", f"--config.file={SHIPPED}", *labels]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == [receiver]


def test_every_severity_has_a_route():
    severities = {alert.labels["severity"] for alert in ALERTS.values()}
    assert severities == {"critical", "warning", "info"}, "add it to test_routes"


def test_nobody_is_told_as_shipped():
    receivers = yaml.safe_load(SHIPPED.read_text())["receivers"]
    assert [receiver for receiver in receivers if receiver.keys() != {"name"}] == []


@pytest.mark.parametrize("text", [SHIPPED.read_text(), switched_on(SHIPPED.read_text())], ids=["shipped", "switched on"])
def test_the_configuration_is_right(text, tmp_path):
    file = tmp_path / "alertmanager.yml"
    file.write_text(changed(text, **{"templates/*": f"{FOLDER}/templates/*"}))
    done = subprocess.run(["amtool", "check-config", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout


def test_it_starts_as_shipped(tmp_path):
    with alertmanager.running(tmp_path, SHIPPED) as running:
        assert running.states() == {}


# What is held back. Labels are those that the alerts have in the tests of their rules.


@dataclass(frozen=True)
class Story:
    """While `source` fires, `target` is held back, if the labels of `same` have the same values on both."""

    source: str
    target: str
    same: tuple = ()
    # Labels that the two have to have beside those, and others with which the target is not held back.
    of_source: tuple = ()
    of_target: tuple = ()
    not_of_source: tuple = ()
    not_of_target: tuple = ()

    def __str__(self):
        return f"{self.source} > {self.target}"


def stories(source, *targets, **more):
    more = {name: tuple(value.items()) if isinstance(value, dict) else tuple(value) for name, value in more.items()}
    return [Story(source, target, **more) for target in targets]


GPU_ALERTS = [name for name in ALERTS if name.startswith("Gpu") and name != "GpuLost"]

STORIES = [
    *stories(
        "ModelDown", "HighErrorRate", "HighResponseTime", "FailedRequests", "StreamsTruncated", "TrafficVanished",
        "SLOBurn1h", "SLOBurn6h", "SLOBurn1d", "SLOBurn3d", same=["model"],
    ),
    *stories(
        "LiteLLMDown", "HighErrorRate", "HighResponseTime", "FailedRequests", "StreamsTruncated", "ClientsRateLimited",
        "TrafficVanished", "LiteLLMSlow", "LiteLLMBuffering", "HopJoinLost", "SLOBurn1h", "SLOBurn6h", "SLOBurn1d", "SLOBurn3d",
        same=["hop"],
    ),
    *stories("LiteLLMDown", "ScrapeDown", of_target={"job": "litellm"}, not_of_target={"job": "node"}),
    *(
        each
        for source in ("EngineDown", "EngineLoadingTooLong", "ModelLoadingFailures")
        for each in stories(
            source, "QueueGrowing", "KvCacheFull", "PreemptionsHigh", "ScrapeDown", "ContainerUnhealthy", same=["container"]
        )
    ),
    *stories("ModelLoadingFailures", "EngineDown", "EngineLoadingTooLong", "ContainerRestarting", same=["container"]),
    *stories("ContainerOom", "ContainerRestarting", "ContainerMemory", same=["container"]),
    *stories("SLOBurn1h", "SLOBurn6h", "SLOBurn1d", "SLOBurn3d", same=["slo", "hop", "model"]),
    *stories("SLOBurn6h", "SLOBurn1d", "SLOBurn3d", same=["slo", "hop", "model"]),
    *stories("SLOBurn1d", "SLOBurn3d", same=["slo", "hop", "model"]),
    *stories("GpuLost", *GPU_ALERTS, same=["uuid"]),
    *stories("GpuThermal", "GpuHot", "GpuSoftThermal", same=["uuid"]),
    *stories("DiskFull", "DiskLow", "DiskFilling", "DiskFillingFast", same=["instance", "mountpoint"]),
    *stories("DiskLow", "DiskFilling", same=["instance", "mountpoint"]),
    *stories("DiskFillingFast", "DiskFilling", same=["instance", "mountpoint"]),
    *stories("HostMemoryPressure", "HostMemory", same=["instance"]),
    *stories("LangfuseDown", "LangfuseLag", "LangfuseSkipped", same=["instance", "project"]),
    *(
        each
        for source in ("ScrapeDown", "JobMissing")
        for each in (
            *stories(
                source, "PrometheusDiscoveryFailing", of_source={"job": "weir-discovery"}, not_of_source={"job": "node"},
                of_target={"mechanism": "http"}, not_of_target={"mechanism": "file"},
            ),
            *stories(
                source, "SourceDown", of_source={"job": "weir-discovery"}, not_of_source={"job": "node"},
                of_target={"source": "discovery"}, not_of_target={"source": "nvml"},
            ),
        )
    ),
    *stories(
        "SourceDown", "PrometheusDiscoveryFailing", of_source={"source": "docker"}, not_of_source={"source": "nvml"},
        of_target={"mechanism": "http"}, not_of_target={"mechanism": "file"},
    ),
    *stories("ScrapeDown", "LogsDropped", of_source={"job": "loki"}, not_of_source={"job": "node"}),
    *stories("ScrapeDown", "SpansDropped", of_source={"job": "tempo"}, not_of_source={"job": "node"}),
]


def labels_of(name):
    """As many as it ever has."""
    return {"alertname": name} | max((firing.labels for firing in alert_rules.cases()[name].firing), key=len)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with alertmanager.running(tmp_path_factory.mktemp("alertmanager"), SHIPPED) as running:
        yield running


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_what_is_held_back(running, story):
    same = {label: f"this {label}" if label != "hop" else "edge" for label in story.same}
    source = labels_of(story.source) | dict(story.of_source) | same
    held = labels_of(story.target) | dict(story.of_target) | same
    free = [held | {label: f"another {label}"} for label in story.same]
    if story.not_of_target:
        free.append(held | dict(story.not_of_target))
    posted = [source, held, *free]
    try:
        running.post(posted)
        until(f"{story.target} is held back", lambda: running.states()[alertmanager.key(held)] == "suppressed")
        states = running.states()
        assert [states[alertmanager.key(labels)] for labels in free] == ["active"] * len(free)
        assert states[alertmanager.key(source)] == "active"

        running.end([source])
        until(f"{story.target} is no longer held back", lambda: running.states()[alertmanager.key(held)] == "active")
        if story.not_of_source:
            posted.append(source | dict(story.not_of_source))
            running.post(posted[-1:])
            after_all_before(running)
            assert running.states()[alertmanager.key(held)] == "active"
    finally:
        running.end(posted)


def after_all_before(running):
    """Returns when what was posted before has had its effect: alerts are taken in the order in which they come."""
    witnesses = [{"alertname": name, "uuid": "GPU-witness"} for name in ("GpuLost", "GpuHot")]
    running.post(witnesses)
    until("the witness is held back", lambda: running.states()[alertmanager.key(witnesses[1])] == "suppressed")
    running.end(witnesses)


RULES = yaml.safe_load(SHIPPED.read_text())["inhibit_rules"]


def fit(matchers, labels):
    for matcher in matchers:
        name, sign, value = re.fullmatch(r'(\w+)(=~|!~|!=|=)"(.*)"', matcher).groups()
        is_equal = bool(re.fullmatch(value, labels.get(name, ""))) if "~" in sign else labels.get(name, "") == value
        if is_equal != (sign in ("=", "=~")):
            return False
    return True


def only_names(matchers):
    return [matcher for matcher in matchers if matcher.startswith("alertname")]


def pairs(rule):
    """The alerts that a rule may be about: by their names, and with all labels that have to be equal."""
    known = [labels_of(name) for name in ALERTS if name in alert_rules.cases()]
    known = [labels for labels in known if all(labels.get(label) for label in rule.get("equal", ()))]
    sources = [labels["alertname"] for labels in known if fit(only_names(rule["source_matchers"]), labels)]
    targets = [labels["alertname"] for labels in known if fit(only_names(rule["target_matchers"]), labels)]
    return {(source, target) for source, target in itertools.product(sources, targets) if source != target}


def test_every_rule_has_its_story():
    """And the other way round: what is held back is what is written above."""
    told = {(story.source, story.target) for story in STORIES}
    assert set().union(*map(pairs, RULES)) == told


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["source_matchers"][0])
def test_rules_name_alerts_that_there_are(rule):
    """Each name in a rule is an alert's, and each label that has to be equal is one that all of them have."""
    for matchers in (rule["source_matchers"], rule["target_matchers"]):
        named = [re.fullmatch(r'alertname=~?"(.*)"', matcher) for matcher in matchers]
        for one in itertools.chain.from_iterable(found[1].split("|") for found in named if found):
            names = [name for name in ALERTS if re.fullmatch(one, name)]
            assert names, f"no alert is called {one}"
            lacking = {name: set(rule.get("equal", ())) - labels_of(name).keys() for name in names}
            assert not any(lacking.values()), f"equal on labels that these have not: {lacking}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["source_matchers"][0])
def test_what_has_to_be_equal_has_to_be_there(rule):
    """Two alerts without the label would count as equal: github.com/prometheus/alertmanager/issues/1727."""
    asked_for = {matcher.removesuffix('!=""') for matcher in rule["source_matchers"] if matcher.endswith('!=""')}
    assert not rule.get("equal") or asked_for & set(rule["equal"])


# What is sent.


def quick(text):
    """Without waiting for more of a group."""
    return changed(text, **{"group_wait: 30s": "group_wait: 1s", "templates/*": f"{FOLDER}/templates/*"})


def with_receivers(text, url):
    """Whoever is told is told at a path of this address that is the receiver's name."""
    configuration = yaml.safe_load(text)
    for receiver in configuration["receivers"]:
        receiver["webhook_configs"] = [{"url": f"{url}/{receiver['name']}", "send_resolved": False}]
    return yaml.safe_dump(configuration)


def test_what_reaches_whom(tmp_path):
    down = labels_of("ModelDown") | {"model": "llama"}
    failing = labels_of("HighErrorRate") | {"model": "llama"}
    another = labels_of("HighErrorRate") | {"model": "qwen"}
    hot = labels_of("GpuHot")
    watchdog = labels_of("Watchdog")
    expected = {
        ("/critical", alertmanager.key(down)), ("/critical", alertmanager.key(another)),
        ("/warning", alertmanager.key(hot)), ("/heartbeat", alertmanager.key(watchdog)),
        # The receiver `null` has no address as shipped.
        ("/null", alertmanager.key(labels_of("GpuMemoryFull"))),
    }
    with alertmanager.listening() as listener:
        file = tmp_path / "alertmanager.yml"
        file.write_text(with_receivers(quick(SHIPPED.read_text()), listener.url))
        with alertmanager.running(tmp_path, file) as running:
            running.post([down, failing, another, hot, watchdog, labels_of("GpuMemoryFull")])
            heard = set()
            until("all are told", lambda: told(listener, heard) >= expected, 30, lambda: str(heard))
            # What comes later than this would have come before, too.
            running.post([labels_of("DiskFull")])
            until("the last is told", lambda: ("/critical", alertmanager.key(labels_of("DiskFull"))) in told(listener, heard), 30)
        assert heard - expected == {("/critical", alertmanager.key(labels_of("DiskFull")))}


def told(listener, heard):
    """What has been heard until now: pairs of a path and an alert's labels."""
    while not listener.heard.empty():
        path, body, _ = listener.heard.get()
        heard |= {(path, alertmanager.key(alert["labels"])) for alert in body["alerts"]}
    return heard


def test_messages(tmp_path):
    """What is switched on by taking the `#` off arrives: with the key of its file, and with words that lead somewhere."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    with alertmanager.listening() as listener:
        for name, secret in {"webhook-token": "t0k3n", "pagerduty-key": "k3y", "slack-url": f"{listener.url}/slack", "mail-password": "x"}.items():
            (secrets / name).write_text(secret)
        text = quick(switched_on(SHIPPED.read_text()))
        text = changed(text, **{
            SECRETS: str(secrets), "https://hooks.example.org": listener.url, "https://heartbeat.example.org": listener.url,
            # Mail goes nowhere.
            "mail.example.org:587": "127.0.0.1:9",
        })
        file = tmp_path / "alertmanager.yml"
        file.write_text(f"global:\n  pagerduty_url: {listener.url}/pagerduty\n{text}")
        with alertmanager.running(tmp_path, file, "--web.external-url=https://grafana.example.org", "--web.route-prefix=/") as running:
            running.post([labels_of("ModelDown") | {"model": "llama"}])
            heard = {}

            def all_came():
                while not listener.heard.empty():
                    path, body, key = listener.heard.get()
                    heard[path] = body, key
                return {"/weir", "/pagerduty", "/slack"} <= heard.keys()

            until("three messages have come", all_came, 30, running.program.log_tail)
    assert heard["/weir"][1] == "Bearer t0k3n"
    assert heard["/weir"][0]["alerts"][0]["labels"]["model"] == "llama"

    title, text = "[CRITICAL] ModelDown llama", "https://grafana.example.org/d/weir-self?var-instance=x\nRunbook: RUNBOOK.md#x"
    page = heard["/pagerduty"][0]
    assert (page["routing_key"], page["payload"]["summary"], page["payload"]["severity"]) == ("k3y", title, "critical")
    assert "ModelDown in short\nWhat to do.\n" in page["payload"]["custom_details"]["alerts"]
    [attachment] = heard["/slack"][0]["attachments"]
    assert attachment["title"] == title and text in attachment["text"]
