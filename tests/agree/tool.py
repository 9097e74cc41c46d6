"""A program that runs to its end."""

import os
import signal
import subprocess

LOG_TAIL = 4000


def run(command, folder, seconds):
    """Runs it in the folder, its output in a file there; fails if it fails, or takes longer than so many seconds.

    Little is inherited, so that settings of the machine do not change what is measured; the tools' caches go into the
    folder, too.
    """
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment |= {"HOME": str(folder), "NO_PROXY": "*", "COLUMNS": "160"}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        code = f"not within {seconds} s"
    finally:
        # Its helpers are in its group: aiperf has several.
        end_group(process)
    assert code == 0, f"{command[0]} ended with {code}:\n{log.read_text(errors='replace')[-LOG_TAIL:]}"


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # All of it had ended.
    process.wait()
