"""Programs that run beside the tests: started in a process group of their own, and ended as a group."""

import contextlib
import os
import signal
import subprocess

from waiting import until

LOG_TAIL = 3000


class Ended(RuntimeError):
    """A program has ended that was to run on."""

    def __init__(self, program, code):
        super().__init__(f"{program.name} has ended with code {code}\n{program.log_tail()}")
        self.name = program.name
        # A signal, and none of those that end a program: it has crashed.
        self.has_crashed = code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL)


class Program:
    """A program that is running; its output goes to a file."""

    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=_environment(folder, environment or {}),
                start_new_session=True,
            )

    @property
    def pid(self):
        return self._process.pid

    def log_tail(self):
        """The end of what it wrote."""
        return f"{self.name} says:\n" + self.log.read_text(errors="replace")[-LOG_TAIL:]

    def wait_until(self, what, ready, deadline):
        """Waits until `ready` says so; fails at once if the program has ended."""

        def ready_or_ended():
            self.fail_if_ended()
            return ready()

        return until(what, ready_or_ended, deadline, self.log_tail)

    def fail_if_ended(self):
        if (code := self._process.poll()) is not None:
            raise Ended(self, code)

    def stop(self, grace=10.0):
        """SIGTERM to the whole group, and SIGKILL to what is left of it when the grace is over. The exit code."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self._signal(signal.SIGKILL)
        return self._process.wait()

    def _signal(self, number):
        # The group is gone once its last process has been waited for.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _environment(folder, extra):
    """Little is inherited, so that settings of the machine (keys, proxies) do not change what is tested."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return inherited | {"HOME": str(folder), "NO_PROXY": "*"} | extra
