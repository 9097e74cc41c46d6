"""An image from scratch: the simulator under the name of vLLM, what it is linked with, and a shell."""

import pathlib
import re
import shutil
import subprocess

from stack import BINARIES

VLLM = pathlib.Path(__file__).with_name("image") / "vllm"
NAME = "docker.io/vllm/vllm-openai:v0.11.0"
# As vLLM's own image is made.
CHANGES = [
    "ENV PATH=/bin",
    "ENV VLLM_USAGE_SOURCE=production-docker-image",
    "ENV NVIDIA_VISIBLE_DEVICES=all",
    "EXPOSE 8000/tcp",
    'ENTRYPOINT ["vllm","serve"]',
]


def archive(folder):
    """The image's files as a tar archive in a folder, for `import`."""
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    (root / "tmp").mkdir()
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for name in ("sh", "tail", "sleep", "false"):
        (root / "bin" / name).symlink_to("busybox")
    shutil.copy(VLLM, root / "bin/vllm")
    simulator = BINARIES / "weir-loadtest"
    subprocess.run(["strip", "-o", root / "bin/weir-loadtest", simulator], check=True)
    linked = subprocess.run(["ldd", simulator], check=True, capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", linked):
        inside = root / library.lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, inside)
    path = folder / "image.tar"
    subprocess.run(["tar", "-C", root, "-cf", path, "."], check=True)
    return path
