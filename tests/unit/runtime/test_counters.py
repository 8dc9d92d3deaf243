from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from covey.runtime.counters import CounterFamily, HistogramFamily

LABELS = ("one", "two")
BOUNDS = (0.5, 1.0, 2.5)


def lines_of(registry: CollectorRegistry) -> list[bytes]:
    """What a scrape reads, but for the times of creation."""
    return [line for line in generate_latest(registry).splitlines() if b"_created" not in line]


def test_a_scrape_reads_of_counters_what_the_library_would_say() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counters = (
        CounterFamily("x_total", "About x", LABELS, registry=ours),
        Counter("x_total", "About x", LABELS, registry=theirs),
    )
    for counter in counters:
        for values, amount in ((("a", "b"), 1.0), (("a", "c"), 41.5), (("a", "b"), 2.0), (('"\\\n', "é"), 1.0)):
            counter.labels(*values).inc(amount)
        counter.labels("a", "b").inc()
    assert lines_of(ours) == lines_of(theirs)
    assert ours.get_sample_value("x_total", {"one": "a", "two": "b"}) == 4.0


def test_a_scrape_reads_of_histograms_what_the_library_would_say() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    histograms = (
        HistogramFamily("x", "About x", LABELS, bounds=BOUNDS, registry=ours),
        Histogram("x", "About x", LABELS, buckets=BOUNDS, registry=theirs),
    )
    for histogram in histograms:
        for amount in (0.0, 0.5, 0.50001, 1.0, 2.4, 2.5, 100.0):
            histogram.labels("a", "b").observe(amount)
        histogram.labels("never", "observed")
    assert lines_of(ours) == lines_of(theirs)
    assert ours.get_sample_value("x_bucket", {"one": "a", "two": "b", "le": "1.0"}) == 4.0


@pytest.mark.parametrize("values", [(), ("a",), ("a", "b", "c")])
def test_every_label_has_its_value(values: tuple[str, ...]) -> None:
    registry = CollectorRegistry()
    with pytest.raises(ValueError, match="each label"):
        CounterFamily("x", "About x", LABELS, registry=registry).labels(*values)
    with pytest.raises(ValueError, match="each label"):
        HistogramFamily("y", "About y", LABELS, bounds=BOUNDS, registry=registry).labels(*values)


def test_a_name_is_taken_once() -> None:
    registry = CollectorRegistry()
    CounterFamily("x_total", "About x", LABELS, registry=registry)
    with pytest.raises(ValueError, match="Duplicated"):
        CounterFamily("x_total", "About x", LABELS, registry=registry)
