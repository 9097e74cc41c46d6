"""Ports that nobody listens on."""

import socket


def free_ports(count):
    """Different free ports of 127.0.0.1. They are let go at once, for a program that must be told its port."""
    held = []
    try:
        for _ in range(count):
            listener = socket.socket()
            held.append(listener)
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in held]
    finally:
        for listener in held:
            listener.close()
