"""The tests are about these releases and no others."""

import json
import subprocess

import anthropic
import openai

from node_client import MAIN, NODE
from stack import LITELLM


def test_litellm_is_the_release_that_was_looked_at():
    code = "from importlib.metadata import version; print(version('litellm'))"
    found = subprocess.run([LITELLM / "python", "-c", code], capture_output=True, text=True, check=True)
    # 1.107.0 was compromised: never to be installed.
    assert found.stdout.strip() == "1.106.2"


def test_the_sdks_are_current():
    assert (openai.__version__, anthropic.__version__) == ("3.42.1", "2.3.0")


def test_the_sdk_for_node_is_that_of_package_json():
    wanted = json.loads((MAIN.parent / "package.json").read_text())["dependencies"]["openai"]
    found = json.loads((MAIN.parent / "node_modules/openai/package.json").read_text())
    assert found["version"] == wanted == "7.57.0"
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("v24.")
