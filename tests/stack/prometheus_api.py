"""Questions to Prometheus, whose refusals are told."""

import json
import urllib.error
import urllib.parse
import urllib.request


class Refused(AssertionError):
    """Prometheus says that an expression is wrong, or could not evaluate it."""


class Asked:
    """A Prometheus, asked about a span of time that is over."""

    def __init__(self, url, start, end):
        self.url, self.start, self.end = url, start, end

    def at_the_end(self, expression):
        """The values at the end of the span, as (labels, value)."""
        data = self._api("query", query=expression, time=self.end)
        if data["resultType"] in ("scalar", "string"):
            return [({}, float(data["result"][1]))]
        return [(sample["metric"], float(sample["value"][1])) for sample in data["result"]]

    def all_along(self, expression, step=5):
        """The values over the span, as (labels, values)."""
        data = self._api("query_range", query=expression, start=self.start, end=self.end, step=step)
        return [(sample["metric"], [float(value) for _, value in sample["values"]]) for sample in data["result"]]

    def has(self, name):
        """Whether a series of this name was there."""
        return bool(self._api("series", **{"match[]": f'{{__name__="{name}"}}', "start": self.start, "end": self.end}))

    def label_values(self, label, series=None):
        """As Grafana asks for the values of a variable."""
        match = {"match[]": series} if series else {}
        return self._api(f"label/{label}/values", start=self.start, end=self.end, **match)

    def rules(self):
        """All rules, with what came of them."""
        return [rule for group in self._api("rules")["groups"] for rule in group["rules"]]

    def _api(self, path, **query):
        url = f"{self.url}/api/v1/{path}"
        try:
            # Some expressions are longer than a line of HTTP may be.
            post = path.startswith("query") or path == "series"
            text = urllib.parse.urlencode(query)
            request = (url, text.encode()) if post else (f"{url}?{text}",)
            with urllib.request.urlopen(*request, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            body = error.read().decode(errors="replace")
            raise Refused(f"{error.code}: {json.loads(body)['error'] if body.startswith('{') else body}") from error
