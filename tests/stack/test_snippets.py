"""The snippets of compose/README.md: each file is read by the program that it is for, each command is tried as far as it can be."""

import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from dataclasses import dataclass

import bcrypt
import pytest
import trustme
import yaml

import compose
from stack import BINARIES

README = compose.FOLDER / "README.md"
SECRETS = "/run/secrets/weir"
# From no file: a shell's lines, or another program's configuration.
LANGUAGES = {"sh", "yaml", "toml", "ini"}


@dataclass
class Snippet:
    language: str
    # Of which file it is a part; none of commands.
    file: str
    text: str
    # Below which heading it stands.
    section: str

    def __str__(self):
        return f"{self.section}: {self.file or self.text.splitlines()[0][:40]}"


def read():
    section = ""
    parts = re.split(r"^(## [^\n]+)$|^```(\w+)\n(.*?)^```$", README.read_text(), flags=re.M | re.S)
    for heading, language, text in zip(parts[1::4], parts[2::4], parts[3::4]):
        section = heading.removeprefix("## ") if heading else section
        if language:
            file = re.match(r"# (\S+\.\w+|\S+/\.env)\n", text)
            yield Snippet(language, file[1] if file else "", text, section)


SNIPPETS = list(read())


def of(language, file=None):
    found = [snippet for snippet in SNIPPETS if snippet.language == language and file in (None, snippet.file)]
    assert found, f"{README} has no snippet of {file or language}"
    return pytest.mark.parametrize("snippet", found, ids=str)


def settings(snippet):
    """What lines of .env say, as Compose reads them: single quotes hold back the dollar."""
    return dict(re.findall(r"^(\w+)='?(.*?)'?$", snippet.text, flags=re.M))


@pytest.fixture
def secrets(tmp_path):
    """The folder with secrets that snippets name, under another path."""
    for snippet in SNIPPETS:
        for name in re.findall(rf"{SECRETS}/([\w.-]+)", snippet.text):
            (tmp_path / name).write_text("secret\n")
            if name.endswith(".pem"):
                trustme.CA().cert_pem.write_to_path(tmp_path / name)
    return tmp_path


def test_no_snippet_is_passed_over():
    assert {snippet.language for snippet in SNIPPETS} == LANGUAGES
    known = {".env", "weir.toml", "stack.yml", "engines.yaml"}
    for snippet in SNIPPETS:
        name = snippet.file.rpartition("/")[2]
        assert snippet.language in ("sh", "ini") or name in known or snippet.file.startswith("compose/"), snippet


@pytest.mark.parametrize("snippet", [each for each in SNIPPETS if each.file.startswith("compose/") and each.language == "yaml"], ids=str)
def test_files_beside_compose_yaml(snippet, tmp_path):
    file = tmp_path / "snippet.yaml"
    file.write_text(snippet.text)
    before, after = compose.config(profiles=[compose.EVERY])["services"], compose.config([compose.BASE, file], [compose.EVERY])["services"]
    changed = {name for name in after if after[name] != before.get(name)}
    # Each service that it names is there, and comes to be another one.
    assert changed == yaml.safe_load(snippet.text)["services"].keys() <= before.keys()
    for name in changed:
        for source in compose.binds(after[name]).values():
            assert source.is_absolute()


@of("yaml", "engines.yaml")
def test_engines_in_a_file_of_their_own(snippet, tmp_path):
    file = tmp_path / "engines.yaml"
    file.write_text(snippet.text)
    networks = compose.config([file])["networks"]
    assert networks["weir"]["name"] == compose.whole()["networks"]["weir"]["name"] and networks["weir"]["external"]


@of("toml", "config/stack/weir.toml")
def test_weir_takes_it(snippet, secrets):
    shipped = (compose.ROOT / "config/stack/weir.toml").read_text()
    first, rest = snippet.text.split("\n", 2)[1:]
    # A table that is there already gets more keys.
    whole = shipped.replace(f"\n{first}\n", f"\n{first}\n{rest}\n", 1) if f"\n{first}\n" in shipped else shipped + snippet.text
    file = secrets / "weir.toml"
    file.write_text(whole.replace(SECRETS, str(secrets)))
    added, before = tomllib.loads(file.read_text()), tomllib.loads(shipped)
    assert added != before
    for program in ("weir-proxy", "weir-discovery", "weir-gpu-exporter"):
        done = subprocess.run([BINARIES / program, "--config", file, "--check"], env={}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@of("yaml", "config/prometheus/stack.yml")
def test_prometheus_takes_it(snippet, secrets):
    """In the shipped configuration, whose jobs of the same name it replaces."""
    shipped = yaml.safe_load((compose.ROOT / "config/prometheus/stack.yml").read_text())
    changes = yaml.safe_load(snippet.text)
    names = {job["job_name"] for job in changes.get("scrape_configs", ())}
    jobs = [job for job in shipped["scrape_configs"] if job["job_name"] not in names] + changes.get("scrape_configs", [])
    whole = shipped | {"global": shipped["global"] | changes.get("global", {}), "scrape_configs": jobs}
    assert whole != shipped
    # Known from 3.8 on.
    del whole["global"]["scrape_native_histograms"], whole["global"]["always_scrape_classic_histograms"]
    for name in ("prometheus-password", "litellm-key"):
        (secrets / name).write_text("secret\n")
    file = secrets / "stack.yml"
    file.write_text(yaml.safe_dump(whole).replace(SECRETS, str(secrets)).replace("/run/secrets", str(secrets)))
    done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True)
    # There are no rules beside it.
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_engine_elsewhere_is_one_engine_in_all_files():
    texts = [snippet.text for snippet in SNIPPETS if "gpu-2" in snippet.text]
    named = tomllib.loads(next(text for text in texts if "[[discovery.engines]]" in text))["discovery"]["engines"][0]
    jobs = yaml.safe_load(next(text for text in texts if "scrape_configs" in text))["scrape_configs"]
    left_out, own = jobs
    assert left_out["relabel_configs"][-1]["regex"] == named["name"] == own["static_configs"][0]["labels"]["container"]
    assert named["url"] == f"{own['scheme']}://{own['static_configs'][0]['targets'][0]}"
    assert named["password_file"] == own["basic_auth"]["password_file"] and named["user"] == own["basic_auth"]["username"]


@of("sh", "compose/.env")
def test_settings_have_an_effect(snippet, tmp_path):
    file = tmp_path / "env"
    file.write_text(snippet.text)
    known = re.findall(r"^#?(\w+)=", compose.SETTINGS.read_text(), flags=re.M)
    assert settings(snippet).keys() <= set(known)
    before, after = yaml.safe_dump(compose.config()), yaml.safe_dump(compose.config(env_file=file))
    for name, value in settings(snippet).items():
        written = value.replace("$", "$$")
        assert written in after and written not in before, name


def test_the_hash_is_of_the_password():
    [said] = [settings(snippet) for snippet in SNIPPETS if snippet.file.endswith(".env") and "PASSWORD" in snippet.text]
    assert bcrypt.checkpw(said["PROMETHEUS_PASSWORD"].encode(), said["PROMETHEUS_PASSWORD_HASH"].encode())


def test_how_to_make_a_hash():
    [line] = [snippet.text for snippet in SNIPPETS if "bcrypt, getpass" in snippet.text]
    command = line.replace("python3", shlex.quote(sys.executable), 1)
    # Without a terminal it reads from there.
    done = subprocess.run(["bash", "-c", command], input="s3cret\n", capture_output=True, text=True, start_new_session=True)
    assert done.returncode == 0, done.stderr
    assert bcrypt.checkpw(b"s3cret", done.stdout.splitlines()[-1].removeprefix("Password: ").encode())


def commands():
    """Every `docker compose` of the page, in snippets and in the text, by words."""
    texts = [snippet.text.replace("\\\n", " ") for snippet in SNIPPETS if snippet.language == "sh"]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    lines += re.findall(r"`(docker compose [^`]+)`", README.read_text())
    found = {line for line in lines if line.startswith("docker compose")}
    assert len(found) > 12
    return sorted(found)


@pytest.mark.parametrize("line", commands())
def test_commands_name_files_and_services_that_are_there(line, tmp_path):
    words = shlex.split(line.replace("compose/", f"{compose.FOLDER}/"))[2:]
    split = next(index for index, word in enumerate(words) if not word.startswith("-") and words[index - 1] not in ("-f", "--profile"))
    options, command, arguments = words[:split], words[split], words[split + 1:]
    for option, file in zip(options, options[1:]):
        if option == "-f" and not os.path.exists(file):
            # A file of this page.
            [text] = [snippet.text for snippet in SNIPPETS if snippet.file == "compose/" + os.path.basename(file)]
            (tmp_path / os.path.basename(file)).write_text(text)
            options[options.index(file)] = str(tmp_path / os.path.basename(file))
    services = set(compose.run(*options, "config", "--services").split())
    compose.run(command, "--help")
    if command in ("kill", "restart", "logs", "exec"):
        named = next(word for word in arguments if word not in ("-s", "HUP"))
        assert named in services


@pytest.mark.parametrize("line", [line for line in commands() if " run --rm " in line])
def test_benchmarks_are_taken(line, tmp_path):
    """By Compose's model of the service, and by the program, which checks its words and stops there."""
    words, _, _ = line.partition(" > ")
    before, _, arguments = words.partition(" loadtest ")
    assert arguments, line
    [mounted] = re.findall(r"-v \S+:(/[\w/]+):ro", before) or [None]
    service = compose.services()["loadtest"]
    (tmp_path / "litellm-key").write_text("sk-key\n")
    command = [BINARIES / service["image"].partition(":")[0], *shlex.split(arguments), "--check"]
    command = [str(word).replace(mounted or "\n", str(tmp_path)) for word in command]
    done = subprocess.run(command, env={"HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@of("sh")
def test_a_shell_takes_it(snippet):
    subprocess.run(["bash", "-n"], input=snippet.text, text=True, check=True)


def test_all_volumes_are_backed_up_and_restored():
    kept = {name for name in compose.config()["volumes"] if name != "containerd-proxy"}
    loops = re.findall(r"^for volume in (.+); do$", README.read_text(), flags=re.M)
    assert len(loops) == 2 and all(set(loop.split()) == kept for loop in loops)
    project = compose.config()["name"]
    assert all(f'"{project}_$volume:' in snippet.text for snippet in SNIPPETS if "for volume" in snippet.text)


DOCKER = """#!/bin/bash
# As much of `docker run` as the page uses: folders for volumes, and the command in their places.
set -eu
[ "$1" = run ] || exit 0
shift
while [ "$1" != debian:12.15-slim ]; do
    if [ "$1" = -v ]; then
        shift
        IFS=: read -r source target _ <<<"$1"
        case "$source" in /*) ;; *) source="$VOLUMES/$source" ;; esac
        mkdir -p "$source"
        [ "$target" = /from ] && from=$source || to=$source
    fi
    shift
done
shift
words=()
for word in "$@"; do
    word=${word/#\\/from/$from}
    words+=("${word/#\\/to/$to}")
done
exec "${words[@]}"
"""


def test_what_is_backed_up_can_be_restored(tmp_path):
    """The page's own lines, with folders for volumes."""
    backup, restore = [snippet.text for snippet in SNIPPETS if "for volume" in snippet.text]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    before, after = tmp_path / "before", tmp_path / "after"
    volumes = [f"weir_{name}" for name in compose.config()["volumes"] if name != "containerd-proxy"]
    for volume in volumes:
        (before / volume / "inner").mkdir(parents=True)
        (before / volume / "inner/file").write_text(volume)
        (before / volume / "inner/file").chmod(0o640)
    for text, place in ((backup, before), (restore, after)):
        environment = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "VOLUMES": str(place)}
        done = subprocess.run(["bash", "-euc", text], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    for volume in volumes:
        file = after / volume / "inner/file"
        assert (file.read_text(), file.stat().st_mode & 0o777) == (volume, 0o640)


class Grafana(http.server.BaseHTTPRequestHandler):
    """As much of Grafana's API as exporting and importing takes."""

    def do_GET(self):
        uid = self.path.removeprefix("/api/dashboards/uid/")
        dashboard = json.loads((compose.ROOT / f"dashboards/{uid}.json").read_text())
        self.answer({"meta": {"slug": uid}, "dashboard": dashboard | {"id": 7}})

    def do_POST(self):
        assert self.path == "/api/dashboards/db" and self.headers["content-type"] == "application/json"
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.imported.append(body)
        self.answer({"status": "success"})

    def answer(self, body):
        assert self.headers["authorization"].startswith("Basic ")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


def test_a_dashboard_is_exported_and_imported(tmp_path):
    lines = [snippet.text for snippet in SNIPPETS if "/api/dashboards/" in snippet.text]
    assert len(lines) == 2
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Grafana)
    server.imported = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for text in lines:
            here = text.replace("127.0.0.1:23000", "{}:{}".format(*server.server_address))
            assert here != text
            environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", here], cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
    finally:
        server.shutdown()
        server.server_close()
    [imported] = server.imported
    shipped = json.loads((compose.ROOT / "dashboards/weir-overview.json").read_text())
    assert imported["overwrite"] is True
    assert (imported["dashboard"]["id"], imported["dashboard"]["uid"]) == (None, "my-weir-overview")
    assert imported["dashboard"]["panels"] == shipped["panels"]


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text()))
def test_links_lead_somewhere(link):
    assert (compose.FOLDER / link).exists()


@pytest.mark.parametrize("table", [README])
def test_addresses_in_the_text_are_those_that_are_published(table):
    ports = {int(port) for port in re.findall(r"127\.0\.0\.1:(2300\d|9800|8001)", table.read_text())}
    published = {int(port["published"]) for service in compose.config()["services"].values() for port in service.get("ports", ())}
    assert ports == published
