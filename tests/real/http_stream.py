"""Requests without an SDK in between: status, headers and body as they come over the wire."""

import http.client
import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

# What is new in each answer, and what is about the single hop.
FRESH = re.compile(
    rb'"(id|item_id|call_id|previous_response_id)": ?"[^"]*"|"(created|created_at|completed_at)": ?[0-9.]+'
)
FRESH_HEADERS = re.compile(r"date|.*-date|x-litellm-call-id|x-litellm-.*-duration-ms|content-length")
PER_HOP = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class Answer:
    """An answer, whole."""

    status: int
    headers: list
    body: bytes

    def lasting_body(self):
        """The body without what differs from one answer to the next: ids and times."""
        return FRESH.sub(rb"", self.body).decode()

    def lasting_headers(self):
        """The headers that a client gets end to end, in their order; of those that differ from one answer to the
        next, the name alone."""
        headers = [(name.lower(), value) for name, value in self.headers]
        return [
            (name, "" if FRESH_HEADERS.fullmatch(name) else value) for name, value in headers if name not in PER_HOP
        ]


def post(url, body, headers=(), timeout=60):
    """Posts `body` as JSON and reads the whole answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        sent = {"content-type": "application/json", **dict(headers)}
        connection.request("POST", parts.path, json.dumps(body), sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()
