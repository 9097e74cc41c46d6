"""Waiting for a condition, with a deadline and a message."""

import time

PAUSE = 0.02


def until(what, condition, deadline=10.0, details=lambda: ""):
    """Asks `condition` until it returns something true, and returns that.

    An AssertionError is taken for "not yet", so that a condition may be written as assertions. When the deadline
    (seconds) has passed, the failure names `what` was waited for, the last such error, and `details`.
    """
    end = time.monotonic() + deadline
    last = None
    while True:
        try:
            if result := condition():
                return result
        except AssertionError as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:.0f} s: {what}\n{last or ''}\n{details()}")
        time.sleep(PAUSE)
