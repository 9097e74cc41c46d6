"""Images from scratch, since there is no registry here: Weir's own programs, and Debian's of those that the stack gets
from elsewhere. Each has what its program is linked with, and a shell.

That they are not the real images is what these tests can't show: another version, another user's id, other files.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

from stack import BINARIES

APPLETS = ("sh", "wget", "base64", "tr", "printf", "sleep", "tar", "gzip", "gunzip", "ls", "cat")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@dataclass
class Image:
    """`program` becomes the entry point, with `words` behind it."""

    name: str
    program: str
    words: tuple = ()
    # Of the same user as in the real one: a volume that is mounted there for the first time has the same owner.
    folder: str = ""
    owner: int = 65534
    # What else the program reads.
    files: tuple = ()


# By the names that stand-ins.yaml has for them.
IMAGES = [
    Image("weir-proxy", BINARIES / "weir-proxy"),
    Image("weir-discovery", BINARIES / "weir-discovery"),
    Image("weir-gpu-exporter", BINARIES / "weir-gpu-exporter"),
    Image("weir-loadtest", BINARIES / "weir-loadtest", folder="var/lib/weir", owner=65532),
    Image("prometheus", "prometheus", folder="prometheus"),
    Image(
        "alertmanager",
        "prometheus-alertmanager",
        folder="alertmanager",
        files=tuple(f"/usr/share/prometheus/alertmanager/{name}.tmpl" for name in ("default", "email")),
    ),
    Image("node-exporter", "prometheus-node-exporter"),
    Image("haproxy", "haproxy", ("-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg")),
    # For copying volumes to and from.
    Image("shell", "busybox"),
]


# What of the stack can be started with them.
SERVICES = [
    *("weir", "weir-discovery", "weir-gpu-exporter-simulated", "weir-loadtest", "docker-proxy", "prometheus"),
    *("alertmanager", "node-exporter", "node-exporter-network", "engine-a", "engine-b", "engine-c", "traffic"),
]


def load(client, folder):
    """Makes all images and hands them to a Docker daemon."""
    for image in IMAGES:
        words = ",".join(f'"{word}"' for word in (f"/bin/{_name(image)}", *image.words))
        changes = ["ENV PATH=/bin", f"ENTRYPOINT [{words}]" if image.name != "shell" else 'CMD ["sh"]']
        options = [word for change in changes for word in ("--change", change)]
        client.run("import", *options, _archive(image, folder / image.name), f"weir-stand-in/{image.name}")


def _name(image):
    return str(image.program).rpartition("/")[2]


def _archive(image, folder):
    root = folder / "root"
    for path in ("bin", "tmp"):
        (root / path).mkdir(parents=True)
    _copied(CERTIFICATES, root)
    _program(shutil.which("busybox"), root)
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    # Its redirections to /dev/tcp are how engines are checked.
    for name in ("bash", image.program):
        program = shutil.which(name)
        assert program, f"{name} is not there: make build, scripts/tools.sh stack"
        _program(program, root)
    for path in image.files:
        _copied(path, root)
    if image.folder:
        (root / image.folder).mkdir(parents=True)
        os.chown(root / image.folder, image.owner, image.owner)
    archive = folder / "image.tar"
    subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
    shutil.rmtree(root)
    return archive


def _program(path, root):
    """A program and what it is linked with; without what a debugger wants, which is most of it."""
    inside = root / "bin" / str(path).rpartition("/")[2]
    stripped = subprocess.run(["strip", "-o", inside, path], capture_output=True)
    if stripped.returncode:
        shutil.copy(path, inside)
    linked = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", linked):
        _copied(library, root)


def _copied(path, root):
    """To where it is on this machine."""
    inside = root / path.lstrip("/")
    inside.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, inside)
