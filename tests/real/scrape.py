"""A page of metrics as numbers: sums over labels, and what changed between two pages."""

import functools

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """The samples of one page, or the differences between two; by the text of their series."""

    def __init__(self, samples):
        self._samples = samples

    @classmethod
    def of_text(cls, text):
        """Reads text format 0.0.4, without timestamps."""
        lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return cls({series: float(value) for series, _, value in lines})

    def __sub__(self, earlier):
        return Scrape({series: value - earlier._samples.get(series, 0) for series, value in self._samples.items()})

    def items(self):
        """((name, labels), value) of every sample."""
        for series, value in self._samples.items():
            name, labels = read(series)
            yield (name, tuple(sorted(labels.items()))), value

    @functools.cached_property
    def _named(self):
        named = {}
        # Most are 0: outcomes that have not come up yet.
        for series, value in self._samples.items():
            if value:
                name, labels = read(series)
                named.setdefault(name, []).append((labels, value))
        return named

    def select(self, name, **labels):
        """The samples of this name with these labels (and any others) that are not 0: (labels, value)."""
        for known, value in self._named.get(name, ()):
            if labels.items() <= known.items():
                yield known, value

    def total(self, name, **labels):
        """The sum of these samples; 0 if there are none."""
        return sum(value for _, value in self.select(name, **labels))

    def by(self, name, *by, **labels):
        """Sums by the values of some labels (a tuple, or the bare value of a single one); no zeros."""
        sums = {}
        for known, value in self.select(name, **labels):
            key = tuple(known.get(label, "") for label in by)
            key = key[0] if len(by) == 1 else key
            sums[key] = sums.get(key, 0) + value
        return {key: value for key, value in sums.items() if value}


@functools.cache
def read(series):
    """Name and labels of a series, as the parser of Prometheus's own Python library has them. It takes its time, and
    pages of thousands of series are read all through a run: what was read once is known."""
    [family] = text_string_to_metric_families(f"{series} 0\n")
    [sample] = family.samples
    return sample.name, sample.labels
