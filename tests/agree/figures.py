"""What a tool says of a run, by Weir's words."""

from dataclasses import dataclass, field

# Word: (how it is called in METRICS.md, unit).
WORDS = {
    "ttft": ("TTFT", "ms"),
    "first_answer": ("time to first answer token", "ms"),
    "itl": ("ITL", "ms"),
    "tpot": ("TPOT", "ms"),
    "duration": ("duration", "ms"),
    "requests_per_second": ("requests per second", ""),
    "tokens_per_second": ("output tokens per second", ""),
}
LATENCIES = ("ttft", "first_answer", "itl", "tpot", "duration")


@dataclass
class Figures:
    """One run of one tool. A word that the tool does not have is absent."""

    requests: int
    input_tokens: int
    output_tokens: int
    # By word; latencies in milliseconds.
    medians: dict = field(default_factory=dict)
    means: dict = field(default_factory=dict)
    # Requests per second and the like.
    rates: dict = field(default_factory=dict)
    # Request by request, as the tool writes them.
    records: list = field(default_factory=list)

    def said(self, word):
        """The figure that the tables show."""
        return self.medians.get(word, self.rates.get(word))


def means_another_thing(case, tool, word):
    """Whether the tool's number is not the same as ours: aiperf's gaps between chunks keep the zeros within a read, ours
    are gaps between reads."""
    return case.events_per_write > 1 and (tool, word) == ("aiperf", "itl")
