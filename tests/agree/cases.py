"""The loads, and what the simulated engine's script says of each: the truth that the tools are held against."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A load, and an engine with a script. Times are in milliseconds.

    Either `concurrency` clients, each with one request at a time, or `rate` requests per second, evenly.
    """

    name: str
    requests: int
    concurrency: int | None = None
    rate: float | None = None
    # Few, and far apart: a tool that counts one token or event more or less is far off.
    tokens: int = 32
    reasoning: int = 0
    ttft: int = 250
    # From one write to the next.
    gap: int = 25
    tokens_per_event: int = 1
    events_per_write: int = 1

    @property
    def plan(self):
        """The script, as the simulator takes it."""
        return (
            f"tokens={self.tokens},reasoning={self.reasoning},ttft={self.ttft}ms,gap={self.gap}ms,"
            f"tokens_per_event={self.tokens_per_event},events_per_write={self.events_per_write}"
        )

    @property
    def load(self):
        if self.rate:
            return f"{self.requests} requests, {self.rate:g} each second"
        return f"{self.requests} requests, {self.concurrency} at a time"

    @property
    def script(self):
        """The same in words."""
        parts = [f"{self.tokens} tokens"]
        if self.reasoning:
            parts.append(f"the first {self.reasoning} of them reasoning")
        if self.tokens_per_event > 1:
            parts.append(f"{self.tokens_per_event} in an event")
        if self.events_per_write > 1:
            parts.append(f"{self.events_per_write} events in a write")
        return ", ".join(parts) + f"; the first write after {self.ttft} ms, one every {self.gap} ms"

    @property
    def events(self):
        return math.ceil(self.reasoning / self.tokens_per_event) + math.ceil(
            (self.tokens - self.reasoning) / self.tokens_per_event
        )

    @property
    def writes(self):
        return math.ceil(self.events / self.events_per_write)

    def truth(self, word):
        """What a tool should say that is never late."""
        decoding = self.gap * (self.writes - 1)
        duration = self.ttft + decoding
        # An open loop is over when its last request has ended.
        seconds = (self.requests - 1) / self.rate + duration / 1000 if self.rate else None
        per_second = self.requests / seconds if seconds else self.concurrency / duration * 1000
        return {
            "ttft": self.ttft,
            "first_answer": self.ttft + self.gap * (self.reasoning // self.tokens_per_event // self.events_per_write),
            "itl": self.gap,
            "tpot": decoding / (self.tokens - 1),
            "duration": duration,
            "requests_per_second": per_second,
            "tokens_per_second": per_second * self.tokens,
        }[word]

    def has(self, word):
        return word != "first_answer" or self.reasoning > 0


CASES = [
    Case("one client", 16, concurrency=1),
    Case("eight clients", 64, concurrency=8),
    Case("open loop", 40, rate=10),
    Case("reasoning", 32, concurrency=4, reasoning=12),
    Case("events that share a write", 32, concurrency=4, gap=100, events_per_write=4),
    Case("several tokens in an event", 32, concurrency=4, gap=100, tokens_per_event=4),
]
# Those that are also sent through the proxy.
PROXIED = [case for case in CASES if case.name in ("eight clients", "reasoning", "several tokens in an event")]
