"""Label Studio: its process, its tokens, and what its API tells."""

import contextlib
import json
import secrets
import urllib.error
import urllib.parse
import urllib.request

from ports import free_ports
from processes import Program
from stack import ROOT

BINARY = ROOT / ".venv/label-studio/bin/label-studio"
# It makes its database with hundreds of migrations: 39 s on a machine with two cores that had other things to do.
COMING_UP = 300.0


class Studio:
    """A Label Studio that is running."""

    def __init__(self, program, url, legacy):
        self.program = program
        self.url = url
        # The tokens: of the kind that organizations have to allow, and of the kind that users make.
        self.legacy = legacy
        self.personal = None

    def ask(self, path, body=None, kind="application/json"):
        """What its API answers to the legacy token."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        headers = {"authorization": f"Token {self.legacy}", "content-type": kind}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60) as answer:
            return json.load(answer)

    def make_project(self, title, config):
        return self.ask("/api/projects", {"title": title, "label_config": config})["id"]

    def projects(self, title):
        """Those of this title, in full."""
        found = self.ask("/api/projects?" + urllib.parse.urlencode({"title": title}))["results"]
        return [self.ask(f"/api/projects/{project['id']}") for project in found if project["title"] == title]

    def tasks(self, project):
        """All tasks of the project, with their predictions, by the prompt's number."""
        query = {"project": project, "fields": "all", "page_size": 1000}
        tasks = self.ask("/api/tasks?" + urllib.parse.urlencode(query))["tasks"]
        by_number = {task["data"]["prompt_number"]: task for task in tasks}
        assert len(by_number) == len(tasks), "a prompt is there twice"
        return by_number

    @contextlib.contextmanager
    def without_legacy_tokens(self):
        """The organization allows them no more for a while."""
        personal = self._access()
        self._allow(personal, False)
        try:
            yield
        finally:
            self._allow(personal, True)

    def _access(self):
        body = json.dumps({"refresh": self.personal}).encode()
        request = urllib.request.Request(f"{self.url}/api/token/refresh", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["access"]

    def _allow(self, access, legacy):
        body = json.dumps({"api_tokens_enabled": True, "legacy_api_tokens_enabled": legacy}).encode()
        headers = {"authorization": f"Bearer {access}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/jwt/settings", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)["legacy_api_tokens_enabled"] == legacy


def start(folder):
    """Starts Label Studio, without a word to anybody outside, and waits until it answers."""
    [port] = free_ports(1)
    legacy = secrets.token_hex(20)
    environment = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "LABEL_STUDIO_USERNAME": "admin@weir.invalid",
        "LABEL_STUDIO_PASSWORD": secrets.token_hex(20),
        "LABEL_STUDIO_USER_TOKEN": legacy,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        # It counts its use, looks for newer versions, and sends errors with what was asked to its makers.
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    command = [BINARY, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    studio = Studio(Program("label-studio", command, folder, environment), f"http://127.0.0.1:{port}", legacy)

    def alive():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"{studio.url}/health", timeout=5).status == 200

    studio.program.wait_until("Label Studio is alive", alive, COMING_UP)
    # A user has one at a time, and is shown it once.
    studio.personal = studio.ask("/api/token", {})["token"]
    return studio
