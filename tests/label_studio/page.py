"""weir-loadtest's page: its process, and what it answers."""

import contextlib
import json
import urllib.error
import urllib.request

import run
from ports import free_ports
from processes import Program
from stack import BINARIES

CONFIGURATION = """
[loadtest]
listen = "127.0.0.1:{port}"
store = "{store}"

[loadtest.label_studio]
url = "{url}"
token_file = "{token_file}"
project = "{project}"
"""


class Page:
    """A page that is served."""

    def __init__(self, program, url):
        self.program = program
        self.url = url
        self._run = f"{url}/api/benchmarks/{run.ID}"

    def push(self, gold_only=False):
        """Pushes the run's answers: the status, and what the page says."""
        body = json.dumps({"gold_only": gold_only}).encode()
        request = urllib.request.Request(f"{self._run}/label-studio", body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def fails(self, *secrets):
        """What it says of a push that comes to nothing."""
        status, said = self.push()
        assert status == 502, said
        words = said["error"]
        for secret in (*secrets, "Question", "Answer of"):
            assert secret not in words and secret not in self.program.log_tail()
        return words

    def export(self):
        """The file with tasks."""
        with urllib.request.urlopen(f"{self._run}/label-studio.json", timeout=20) as answer:
            return answer.read()


def start(folder, store, label_studio, token, project):
    """Starts the page, and waits until it answers."""
    [port] = free_ports(1)
    token_file = folder / "token"
    token_file.write_text(token + "\n")
    configuration = folder / "weir.toml"
    text = CONFIGURATION.format(port=port, store=store, url=label_studio, token_file=token_file, project=project)
    configuration.write_text(text)
    program = Program("page", [BINARIES / "weir-loadtest", "serve", "--config", configuration], folder)
    url = f"http://127.0.0.1:{port}"

    def answers():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"{url}/health", timeout=5).status == 200

    program.wait_until("the page answers", answers, 20)
    return Page(program, url)
