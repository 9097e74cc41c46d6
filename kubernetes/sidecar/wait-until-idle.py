"""Runs in vLLM's container before it is told to end (preStop): waits until the proxy beside it has no request under way.

Kubernetes ends native sidecars last. Without this, vLLM would go at once, and all its answers with it.

    wait-until-idle.py STATUS-URL SECONDS-UNTIL-NO-NEW-ONES-COME MOST-SECONDS
"""

import json
import sys
import time
import urllib.error
import urllib.request


def requests_in_flight(status):
    """How many there are. None, where the proxy does not answer: then nobody comes through it. One, where it does not say, as with
    [proxy.admin_access]: then all of the time is waited."""
    try:
        with urllib.request.urlopen(status, timeout=5) as page:
            return json.load(page)["requests_in_flight"]
    except urllib.error.HTTPError:
        return 1
    except OSError:
        return 0


def main(status, unlisted, most):
    # Services, and what balances by them, still send requests here for a moment.
    time.sleep(unlisted)
    end = time.monotonic() + most
    while requests_in_flight(status) and time.monotonic() < end:
        time.sleep(0.5)


main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
