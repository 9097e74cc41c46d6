"""AGREEMENT.md's tables: what each tool says of each load, and what the proxy says of the same requests."""

import datetime
import os
import subprocess
from pathlib import Path

import measure
import proxy_words
from cases import CASES, PROXIED
from figures import LATENCIES, WORDS, means_another_thing
from stack import BINARIES, ROOT

PAGE = Path(__file__).parents[2] / "AGREEMENT.md"
BEGIN, END = "<!-- measured: make agree AGREE_FLAGS=--write -->", "<!-- end of what was measured -->"
# The gaps within a read: said below the table.
NOTE = "*"
NONE = "–"


def tables(measured):
    """The part of the page that is measured."""
    lines = [f"{datetime.date.today():%-d %B %Y}, {', '.join(versions())}; {os.cpu_count()} cores.", ""]
    lines += ["### The tools and the script", "", *direct(measured), ""]
    lines += ["### The tools and the proxy", "", *proxied(measured), ""]
    return "\n".join(lines)


def versions():
    for name in ("aiperf", "guidellm"):
        ask = f"import importlib.metadata; print(importlib.metadata.version('{name}'))"
        yield f"{name} {printed([ROOT / f'.venv/{name}/bin/python', '-c', ask])}"
    yield printed([BINARIES / "weir-loadtest", "--version"])


def printed(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def direct(measured):
    yield f"| load | word | script | {' | '.join(measure.TOOLS)} |"
    yield "|---|---|" + "---:|" * (1 + len(measure.TOOLS))
    for case in CASES:
        figures = measured.direct(case)
        label = f"**{case.name}**: {case.load}; {case.script}"
        for word in filter(case.has, WORDS):
            cells = [number(case.truth(word))]
            cells += [cell(case, tool, word, said.said(word)) for tool, said in figures.items()]
            yield f"| {label} | {named(word)} | {' | '.join(cells)} |"
            label = ""


def cell(case, tool, word, value):
    if value is None:
        return NONE
    note = NOTE if means_another_thing(case, tool, word) else ""
    return number(value) + note


def proxied(measured):
    tools = [f"{name} | proxy" for name in measure.TOOLS]
    yield f"| load | word | {' | '.join(tools)} |"
    yield "|---|---|" + "---:|" * (2 * len(tools))
    for case in PROXIED:
        both = measured.proxied(case)
        label = f"**{case.name}**: {case.load}"
        for word in filter(case.has, LATENCIES):
            cells = []
            for figures, counted in both.values():
                said = figures.means.get(word)
                cells += [NONE if said is None else number(said), number(proxy_words.mean(counted, word))]
            yield f"| {label} | {named(word)}, mean | {' | '.join(cells)} |"
            label = ""
        for kind in ("input", "output"):
            cells = []
            for figures, counted in both.values():
                cells += [f"{getattr(figures, f'{kind}_tokens'):.0f}", f"{proxy_words.tokens(counted, kind):.0f}"]
            yield f"| | {kind} tokens | {' | '.join(cells)} |"


def named(word):
    name, unit = WORDS[word]
    return f"{name}, {unit}" if unit else name


def number(value):
    return f"{value:.2f}"


def write(text):
    """Puts them into the page, in place of those that are there."""
    before, _, rest = PAGE.read_text().partition(BEGIN + "\n")
    PAGE.write_text(before + BEGIN + "\n" + text + END + rest.partition(END)[2])
