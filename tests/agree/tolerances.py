"""How far apart two figures may be that mean the same.

Nobody can be early. Everybody is late by some milliseconds, and Python by more: the engine's timers, the clients' own
work. What is per token has none of that in it.
"""

# Milliseconds by which spans from the request on may be late: less than from one event to the next.
LATE = 15.0
# One token more or less would be 3 %.
OF_TPOT = 0.01
OF_ITL = 0.02
# A client takes its time between two requests, and to start.
OF_RATES = 0.05
# Means have the client's first requests in them: connecting, and Python that loads.
OF_MEANS = 2


def agree(word, value, reference, slack=1):
    match word:
        case "tpot":
            far = OF_TPOT * reference
        case "itl":
            far = OF_ITL * reference
        case "requests_per_second" | "tokens_per_second":
            far = OF_RATES * reference
        case _:
            far = LATE
    return abs(value - reference) <= slack * far


def is_late(case, figures):
    """Whether the machine was too busy for this client to keep up with the script."""
    return not all(agree(word, figures.said(word), case.truth(word)) for word in ("ttft", "duration", "requests_per_second"))
