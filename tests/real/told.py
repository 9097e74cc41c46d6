"""What a client was told of an answer, and that everybody else has counted the same."""

from dataclasses import dataclass, field

from waiting import until


@dataclass
class Told:
    """What an SDK made of an answer."""

    # The members of the server's usage object; empty if there was none.
    usage: dict = field(default_factory=dict)
    # What was said: text, the bytes of a sound, the arguments of a tool, the number of vectors.
    said: object = None
    # Events of the stream that had some of it.
    pieces: int = 0
    # Seconds of audio, where they stand outside the usage.
    duration: float = 0

    @property
    def tokens(self):
        """(input, output), whatever the dialect; `None` where the client was not told."""
        for names in (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")):
            if names[0] in self.usage:
                told, made = (self.usage.get(name) or 0 for name in names)
                # Anthropic's input is what is not cached.
                return told + (self.usage.get("cache_read_input_tokens") or 0), made
        return None

    @property
    def parts(self):
        """Those of the tokens that were cached or went into reasoning, by Weir's names; no zeros."""
        read = self.usage.get("prompt_tokens_details") or self.usage.get("input_tokens_details") or {}
        written = self.usage.get("completion_tokens_details") or self.usage.get("output_tokens_details") or {}
        cached = read.get("cached_tokens") or self.usage.get("cache_read_input_tokens")
        parts = {"cached_input": cached, "reasoning_output": written.get("reasoning_tokens")}
        return {kind: tokens for kind, tokens in parts.items() if tokens}

    @property
    def seconds(self):
        return self.usage.get("seconds") or float(self.duration or 0)


def assert_agreed(counted, told, in_tokens=True, **seen):
    """Each hop has counted one success, and the tokens that the client was told; and so have the engines.

    `seen` says for each hop, the client's first, which (endpoint, model) came by. Where the client was told nothing of
    tokens, the hops and the engines have to agree with each other; where the API has no word for them (`in_tokens`),
    nobody counts any.
    """
    in_tokens = in_tokens and not told.seconds
    tokens = told.tokens or (counted.tokens("engine") if in_tokens else (0, 0))
    for hop, (endpoint, model) in seen.items():
        assert counted.outcomes(hop) == {"success": 1}, hop
        assert counted.endpoints(hop) == {endpoint: 1}, hop
        assert counted.models(hop) == {model: 1}, hop
        assert counted.tokens(hop) == tokens, hop
        assert counted.seconds(hop) == told.seconds, hop
        if told.pieces:
            assert counted.scrape.total("llm_stream_events_total", hop=hop) == told.pieces, hop
            assert counted.scrape.total("llm_time_to_first_token_seconds_count", hop=hop) == 1, hop
    if told.usage:
        assert counted.parts(next(iter(seen))) == told.parts
    assert not counted.estimated()
    assert not counted.usage_missing()
    if in_tokens:
        # An engine books an answer a moment after its last byte.
        made = counted.made
        until(f"the engines have made {tokens} tokens", lambda: made() == tokens, 5, lambda: f"they have made {made()}")
