"""A page of metrics as numbers: sums over labels, and what changed between two pages."""

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """The samples of one page, or the differences between two."""

    def __init__(self, samples):
        self._samples = samples

    @classmethod
    def of_text(cls, text):
        """Reads text format 0.0.4 with the parser of Prometheus's own Python library."""
        families = text_string_to_metric_families(text)
        return cls({
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        })

    def __sub__(self, earlier):
        samples = self._samples
        return Scrape({key: value - earlier._samples.get(key, 0) for key, value in samples.items()})

    def items(self):
        """((name, labels), value) of every sample."""
        return self._samples.items()

    def select(self, name, **labels):
        """The samples of this name with these labels (and any others): (labels, value)."""
        for (found, pairs), value in self._samples.items():
            if found == name and labels.items() <= (known := dict(pairs)).items():
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
