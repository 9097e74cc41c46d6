"""Queries in the documentation: QUERIES.md's table, row by row, and what stands in other texts."""

import re
from dataclasses import dataclass

import promql_parser
import yaml

from exported import ROOT
from expressions import Expression

# Code within a line; in tables, a bar is written \|.
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
TEXTS = [*sorted(ROOT.glob("*.md")), ROOT / "compose/README.md", ROOT / "kubernetes/README.md"]
THE_SAME = "the same"
# Of names that nobody ever exported.
NEVER = "never existed"


@dataclass
class Row:
    """A row of a table of QUERIES.md: code of others, code that answers it, and code in the remark."""

    section: str
    theirs: list
    here: list
    remarks: list
    never_existed: bool

    def __str__(self):
        return (self.theirs or self.here)[0]


def rows(section):
    """The rows of that section which have queries."""
    text = (ROOT / "QUERIES.md").read_text()
    [block] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    table = [line for line in block.splitlines() if line.startswith("|")][2:]
    if not table:
        raise ValueError(f"QUERIES.md has no table below {section}")
    for line in table:
        theirs, here, *remarks = (cell.replace(r"\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
        theirs, answers = CODE.findall(theirs), CODE.findall(here)
        if here == THE_SAME:
            answers = theirs
        if not answers:
            raise ValueError(f"QUERIES.md: no query answers {line}")
        yield Row(section, theirs, answers, CODE.findall(" ".join(remarks)), NEVER in line)


def promql():
    """Whatever in the texts is more than a name, and PromQL."""
    seen = set()
    for file in TEXTS:
        text = FENCED.sub("", file.read_text())
        fenced = [code for language, code in FENCED.findall(file.read_text()) if language == "promql"]
        for code in (*fenced, *CODE.findall(text)):
            code = code.replace(r"\|", "|")
            if code not in seen and re.search(r"\w[({]", code) and is_promql(code):
                seen.add(code)
                yield Expression(str(file.relative_to(ROOT)), code, "", code)


def of_sources():
    """What Grafana's data sources ask by the tags of a span; $$ stands for a $ there."""
    for file in sorted((ROOT / "config/grafana/provisioning/datasources").glob("*.yml")):
        for source in yaml.safe_load(file.read_text())["datasources"]:
            for query in source.get("jsonData", {}).get("tracesToMetrics", {}).get("queries", ()):
                text = query["query"].replace("$$__tags", 'hop="edge",model="llama"')
                yield Expression(f"datasources/{file.name}", query["name"], "", text)


def is_promql(code):
    if code.startswith("{"):
        # Streams of logs; metrics have names here.
        return False
    try:
        promql_parser.parse(code)
    except ValueError:
        return False
    return True


def logql():
    """(file, query) of whatever in the texts selects streams. What has gaps (`…`) is no query."""
    for file in TEXTS:
        text = file.read_text()
        lines = [line for language, code in FENCED.findall(text) if language == "logql" for line in code.splitlines()]
        lines += [code.replace(r"\|", "|") for code in CODE.findall(FENCED.sub("", text))]
        for line in dict.fromkeys(lines):
            if re.search(r"\{\w+ *(=|!=|=~|!~) *\"", line) and not is_promql(line) and "…" not in line:
                yield str(file.relative_to(ROOT)), line
