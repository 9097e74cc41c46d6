"""Arize Phoenix: its process, and the spans that its API tells."""

import contextlib
import datetime
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from ports import free_ports
from processes import Program
from stack import ROOT
from waiting import until

BINARY = ROOT / ".venv/phoenix/bin/phoenix"
# Of Phoenix; a resource's attribute tells it.
PROJECT = "weir"
# Coming up makes a database, and takes some 20 seconds of processor time.
COMING_UP = 180.0


@dataclass
class Span:
    """A span as Phoenix has it. `kind` is Phoenix's own, found from the attributes; times are in UTC."""

    id: str
    parent: str
    name: str
    kind: str
    start: datetime.datetime
    end: datetime.datetime
    status: str
    attributes: dict
    events: dict

    @classmethod
    def of_json(cls, said):
        time = datetime.datetime.fromisoformat
        return cls(
            id=said["context"]["span_id"],
            parent=said["parent_id"],
            name=said["name"],
            kind=said["span_kind"],
            start=time(said["start_time"]),
            end=time(said["end_time"]),
            status=said["status_code"],
            attributes=said["attributes"],
            events={event["name"]: time(event["timestamp"]) for event in said["events"]},
        )

    @property
    def parameters(self):
        """What was asked for, as Phoenix shows it of a call."""
        return json.loads(self.attributes.get("llm.invocation_parameters", "{}"))

    def lies_in(self, other):
        return other.start <= self.start and self.end <= other.end


class Phoenix:
    """A Phoenix that is running."""

    def __init__(self, program, ports):
        self.program = program
        self._ports = ports
        self._spans = f"http://127.0.0.1:{ports['http/protobuf']}/v1/projects/{PROJECT}/spans"

    def environment(self, protocol):
        """What sends spans here, by the standard variables."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self._ports[protocol]}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={PROJECT}",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    def spans(self, **filters):
        """The spans of the project that these let through, in the order of their beginnings."""
        query = urllib.parse.urlencode({"sort": "start_time", "order": "asc", "limit": 1000, **filters})
        try:
            with urllib.request.urlopen(f"{self._spans}?{query}", timeout=20) as answer:
                page = json.load(answer)
        except urllib.error.HTTPError as error:
            # The project begins with its first span.
            assert error.code == 404, error
            return []
        assert page["next_cursor"] is None
        return [Span.of_json(said) for said in page["data"]]

    def wait_for(self, count, **filters):
        """The same, once there are so many."""

        def there():
            spans = self.spans(**filters)
            assert len(spans) == count, spans
            return spans

        return until(f"{count} spans with {filters}", there, 30, self.program.log_tail)

    def add(self, trace, id, name, start, end):
        """A span that somebody else made: a root."""
        span = {
            "name": name,
            "context": {"trace_id": trace, "span_id": id},
            "span_kind": "CHAIN",
            "start_time": start.isoformat(),
            "end_time": end.isoformat(),
            "status_code": "OK",
        }
        body = json.dumps({"data": [span]}).encode()
        headers = {"content-type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self._spans, body, headers), timeout=20) as answer:
            assert answer.status == 202


def start_phoenix(folder):
    """Starts Phoenix, without a word to anybody outside, and waits until it answers."""
    ports = dict(zip(("http/protobuf", "grpc"), free_ports(2)))
    environment = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(ports["http/protobuf"]),
        "PHOENIX_GRPC_PORT": str(ports["grpc"]),
        "PHOENIX_WORKING_DIR": str(folder / "phoenix"),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    phoenix = Phoenix(Program("phoenix", [BINARY, "serve"], folder, environment), ports)

    def alive():
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{ports['http/protobuf']}/healthz"
            return urllib.request.urlopen(address, timeout=5).status == 200

    phoenix.program.wait_until("Phoenix is alive", alive, COMING_UP)
    return phoenix
