"""The stack's Compose files, as Compose itself understands them."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "compose"
BASE = FOLDER / "compose.yaml"
EXAMPLES = sorted(set(FOLDER.glob("*.yaml")) - {BASE})
SETTINGS = FOLDER / ".env.example"
# All profiles.
EVERY = "*"

DOCKER_COMPOSE = Path(sys.executable).with_name("docker-compose")


def run(*words, settings=(), **more):
    """What Compose prints, with nothing of this machine's environment but the path, and without compose/.env."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "COMPOSE_DISABLE_ENV_FILE": "1"} | dict(settings)
    done = subprocess.run([DOCKER_COMPOSE, *map(str, words)], env=environment, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"docker-compose {' '.join(map(str, words))}:\n{done.stderr}"
    # A warning is of a variable that is not set, or of a key that does nothing.
    assert "level=warning" not in done.stderr, done.stderr
    return done.stdout


def config(files=(BASE,), profiles=(), env_file=None, settings=()):
    """The model that Compose makes of the files."""
    words = [word for file in files for word in ("-f", file)]
    words += [word for profile in profiles for word in ("--profile", profile)]
    words += ["--env-file", env_file] if env_file else []
    # As JSON it would leave out what begins with x-.
    return yaml.safe_load(run(*words, "config", settings=settings))


@functools.cache
def whole():
    """All there is: every profile, every example."""
    return config([BASE, *EXAMPLES], [EVERY])


def services():
    return whole()["services"]


def reasons(service):
    """What a service says of its peculiarities."""
    return service.get("x-why", {})


def binds(service):
    """What of the host a service mounts: by path inside."""
    mounts = [mount for mount in service.get("volumes", ()) if mount["type"] == "bind"]
    return {mount["target"]: Path(mount["source"]) for mount in mounts}


def on_the_host(service, inside):
    """Which file of the repository a path inside is."""
    for target, source in binds(service).items():
        if inside == target or inside.startswith(target.rstrip("/") + "/"):
            return source / inside.removeprefix(target).lstrip("/")
    return None
