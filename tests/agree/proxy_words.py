"""What the proxy's metrics say of the requests that it has counted."""

NAMES = {
    "ttft": "llm_time_to_first_token_seconds",
    "first_answer": "llm_time_to_first_answer_token_seconds",
    "itl": "llm_inter_token_latency_seconds",
    "tpot": "llm_time_per_output_token_seconds",
    "duration": "llm_request_duration_seconds",
}


def mean(scrape, word):
    """In milliseconds, of the difference of two scrapes."""
    name = NAMES[word]
    return scrape.total(f"{name}_sum") / scrape.total(f"{name}_count") * 1000


def tokens(scrape, kind):
    """As the server reported them."""
    return scrape.total("llm_tokens_total", kind=kind, source="reported")
