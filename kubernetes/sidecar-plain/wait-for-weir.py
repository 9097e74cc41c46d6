"""Runs in vLLM's container before it is told to end (preStop): waits until the proxy beside it has drained, and is gone.

    wait-for-weir.py PORT-OF-ITS-ADMIN-PAGES MOST-SECONDS
"""

import socket
import sys
import time


def is_there(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


def main(port, most):
    end = time.monotonic() + most
    while is_there(port) and time.monotonic() < end:
        time.sleep(0.5)


main(int(sys.argv[1]), float(sys.argv[2]))
