"""What stands in expressions of dashboards where Grafana puts something in: its own variables, and those of a board."""

import re

# Grafana's own: https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables
OWN = {
    "__rate_interval": "1m",
    "__range": "5m",
    "__range_s": "300",
    "__range_ms": "300000",
    "__interval": "30s",
    "__interval_ms": "30000",
}

# $name, ${name}, ${name:format} and [[name]]; $1 is a group of a regular expression.
VARIABLE = re.compile(r"\$([A-Za-z_]\w*)|\$\{(\w+)(?:\.\w+)?(?::[\w:-]+)?\}|\[\[(\w+)(?::\w+)?\]\]")


def filled(text, own=None, **values):
    """The text as Grafana would send it: `values` names variables of the board, all others are everything (`.*`)."""
    own = OWN | (own or {})

    def value(found):
        name = next(filter(None, found.groups()))
        if name.startswith("__") and name not in own:
            raise ValueError(f"{found.group()} in {text!r}: not a variable that tests/stack/grafana_variables.py knows")
        return own.get(name) or values.get(name, "edge" if name == "hop" else ".*")

    return VARIABLE.sub(value, text)
