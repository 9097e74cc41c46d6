"""An OTLP collector: rotel, which writes the spans, or the metrics, that it gets into its log."""

import dataclasses
import re
from pathlib import Path

import rotel

from ports import free_ports
from processes import Program
from waiting import until

BINARY = Path(rotel.__file__).parent / "rotel-agent"
PROTOCOLS = ("http/protobuf", "grpc")

FIELD = re.compile(r"^ *(?P<name>Trace ID|Parent ID|ID|Name|Kind|Start time|End time|Status code) *: ?(?P<value>.*)$", re.M)
ATTRIBUTE = re.compile(r"^     -> (?P<name>[a-z0-9_.]+): (?P<type>[A-Z][A-Za-z]*)\((?P<value>.*)\)$", re.M)
EVENT = re.compile(r"^     -> Name: (?P<name>\S+)\n     -> Timestamp: (?P<at>\d+)$", re.M)


METRIC = re.compile(r"^     -> Name: (?P<name>\S+)$.*?^     -> Unit: (?P<unit>\S+)$", re.M | re.S)
NUMBER = re.compile(r"^(?P<name>Count|Sum): (?P<value>\S+)$", re.M)


@dataclasses.dataclass
class Point:
    """What a histogram has of one set of attributes."""

    unit: str
    count: int
    sum: float
    attributes: dict

    @classmethod
    def of_text(cls, unit, text):
        numbers = {found["name"]: float(found["value"]) for found in NUMBER.finditer(text)}
        said = {found["name"]: found["value"] for found in ATTRIBUTE.finditer(text)}
        return cls(unit, int(numbers["Count"]), numbers["Sum"], said)


@dataclasses.dataclass
class Span:
    """A span that was exported; times in nanoseconds."""

    trace: str
    id: str
    parent: str
    name: str
    kind: str
    start: int
    end: int
    failed: bool
    attributes: dict
    events: dict

    @classmethod
    def of_text(cls, text):
        head, _, events = text.partition("\nEvents:")
        field = {found["name"]: found["value"] for found in FIELD.finditer(head)}
        numbers = {"Int": int, "Double": float, "Bool": lambda value: value == "true"}
        return cls(
            trace=field["Trace ID"],
            id=field["ID"],
            parent=field["Parent ID"],
            name=field["Name"],
            kind=field["Kind"],
            start=int(field["Start time"]),
            end=int(field["End time"]),
            failed=field["Status code"] == "STATUS_CODE_ERROR",
            attributes={
                found["name"]: numbers.get(found["type"], str)(found["value"]) for found in ATTRIBUTE.finditer(head)
            },
            events={found["name"]: int(found["at"]) for found in EVENT.finditer(events)},
        )


class Collector:
    """A rotel that is running."""

    def __init__(self, program, ports):
        self.program = program
        self._ports = ports

    def environment(self, protocol):
        """What sends spans here, by the standard variables."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self._ports[protocol]}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    def text(self):
        return self.program.log.read_text(errors="replace")

    def spans(self, trace):
        """Those of a trace, in the order of their beginnings."""
        texts = re.split(r"^Span #\d+$", self.text(), flags=re.M)[1:]
        # The last one may still be being written.
        whole = [text for text in texts if trace in text and "-> Name: finish\n     -> Timestamp: " in text]
        return sorted(map(Span.of_text, whole), key=lambda span: span.start)

    def histograms(self):
        """The points of each histogram, as the last export that has come whole says them."""
        exports = re.split(r"^ResourceMetrics #\d+$", self.text(), flags=re.M)[1:-1]
        points = {}
        for text in re.split(r"^Metric #\d+$", exports[-1], flags=re.M)[1:] if exports else []:
            metric = METRIC.search(text)
            of_text = lambda point: Point.of_text(metric["unit"], point)
            points[metric["name"]] = list(map(of_text, text.split("HistogramDataPoints #")[1:]))
        return points

    def wait_for(self, trace, count):
        """The spans of a trace, once there are so many."""

        def there():
            spans = self.spans(trace)
            assert len(spans) == count, spans
            return spans

        return until(f"{count} spans of {trace}", there, 20, self.program.log_tail)


def start_collector(folder, kept="traces"):
    """Starts rotel, which keeps `traces` or `metrics`; it is ready when Weir's exports arrive, since those are tried again."""
    ports = dict(zip(PROTOCOLS, free_ports(2)))
    command = [BINARY, "start", "--exporter", "blackhole", "--debug-log", kept, "--debug-log-verbosity", "detailed"]
    command += ["--otlp-http-endpoint", f"127.0.0.1:{ports['http/protobuf']}"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{ports['grpc']}"]
    command += ["--pid-file", folder / "rotel.pid", "--log-file", folder / "rotel-agent.log"]
    collector = Collector(Program("rotel", command, folder), ports)
    collector.program.wait_until("rotel has started", lambda: "Starting Rotel" in collector.text(), 20)
    return collector
