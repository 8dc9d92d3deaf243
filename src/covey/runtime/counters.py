"""Prometheus counters and histograms that are changed in one thread only.

The library's own take a lock and check their arguments at every change, which a request on its way pays a dozen times.
These are plain numbers until somebody asks for them; names, labels and samples are the library's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString


class Count:
    """One number that only grows. Those on the path of every request add to ``value`` themselves."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        self.value += amount


class CounterFamily:
    """A counter with labels. ``name`` may end in ``_total`` and is always shown so."""

    def __init__(self, name: str, about: str, labels: Sequence[str], *, registry: CollectorRegistry) -> None:
        self._name = name
        self._about = about
        self._label_names = tuple(labels)
        self._counts: dict[tuple[str, ...], Count] = {}
        registry.register(self)

    def labels(self, *values: str) -> Count:
        """The counter of these labels; keep it, to look it up but once."""
        if len(values) != len(self._label_names):
            raise ValueError("one value for each label")
        found = self._counts.get(values)
        if found is None:
            found = self._counts[values] = Count()
        return found

    def describe(self) -> Iterator[CounterMetricFamily]:
        """What the registry knows the name from."""
        yield CounterMetricFamily(self._name, self._about, labels=self._label_names)

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = next(self.describe())
        for values, count in list(self._counts.items()):
            family.add_metric(values, count.value)
        yield family


class Distribution:
    """How often a number fell into each bucket."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """The last one is for what is above all bounds."""
        self.sum = 0.0

    def observe(self, amount: float) -> None:
        self.counts[bisect_left(self._bounds, amount)] += 1
        self.sum += amount


class HistogramFamily:
    """A histogram with labels. ``bounds`` are the upper limits of its buckets, rising."""

    def __init__(
        self, name: str, about: str, labels: Sequence[str], *, bounds: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._about = about
        self._label_names = tuple(labels)
        self._bounds = tuple(bounds)
        self._distributions: dict[tuple[str, ...], Distribution] = {}
        registry.register(self)

    def labels(self, *values: str) -> Distribution:
        if len(values) != len(self._label_names):
            raise ValueError("one value for each label")
        found = self._distributions.get(values)
        if found is None:
            found = self._distributions[values] = Distribution(self._bounds)
        return found

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """What the registry knows the name from."""
        yield HistogramMetricFamily(self._name, self._about, labels=self._label_names)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = next(self.describe())
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        for values, distribution in list(self._distributions.items()):
            buckets = list(zip(names, map(float, accumulate(distribution.counts)), strict=True))
            family.add_metric(values, buckets, distribution.sum)
        yield family
