"""What the processor counts. Models are labelled by their own names, which come from engines, never from requests."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from covey.runtime.counters import Count, CounterFamily, HistogramFamily

DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)


class ModelCounters:
    """The instruments of one model, looked up once."""

    def __init__(self, metrics: ProcessorMetrics, engine: str, model: str) -> None:
        self._metrics = metrics
        self._labels = (engine, model)
        self.queue_s = metrics.queue_s.labels(*self._labels)
        self.first_token_s = metrics.first_token_s.labels(*self._labels)
        self.duration_s = metrics.duration_s.labels(*self._labels)
        self.prompt_tokens = metrics.tokens.labels(*self._labels, "prompt")
        self.completion_tokens = metrics.tokens.labels(*self._labels, "completion")
        self._outcomes: dict[str, Count] = {}

    def count(self, outcome: str) -> None:
        """``ok``, ``cancelled`` or the code of an error."""
        counter = self._outcomes.get(outcome)
        if counter is None:
            counter = self._outcomes[outcome] = self._metrics.requests.labels(*self._labels, outcome)
        counter.value += 1


class ProcessorMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["engine", "model"]
        self.requests = CounterFamily(
            "covey_processor_requests_total",
            "Generations and embeddings, by their outcome",
            [*labels, "outcome"],
            registry=registry,
        )
        self.tokens = CounterFamily(
            "covey_processor_tokens_total", "Tokens as engines counted them", [*labels, "kind"], registry=registry
        )
        self.queue_s = histogram(registry, "queue_seconds", "Time from arrival to a slot", labels)
        self.first_token_s = histogram(registry, "first_token_seconds", "Time from a slot to the first token", labels)
        self.duration_s = histogram(registry, "duration_seconds", "Time that a slot was held", labels)
        self.refused = Counter(
            "covey_processor_refused_total", "Requests refused because a queue was full", ["engine"], registry=registry
        )
        self.pulled_bytes = Counter("covey_processor_pulled_bytes_total", "Bytes of models downloaded",
                                    registry=registry)  # fmt: skip
        self._running = gauge(registry, "running", "Requests that hold a slot")
        self._waiting = gauge(registry, "waiting", "Requests in the queue")
        self._slots = gauge(registry, "slots", "Requests that can run at once")
        self._healthy = gauge(registry, "engine_up", "Whether the engine answered the last health check")
        self._models: dict[tuple[str, str], ModelCounters] = {}

    def of_model(self, engine: str, model: str) -> ModelCounters:
        found = self._models.get((engine, model))
        if found is None:
            found = self._models[engine, model] = ModelCounters(self, engine, model)
        return found

    def observe_engine(self, engine: str, running: Callable[[], float], waiting: Callable[[], float]) -> None:
        self._running.labels(engine).set_function(running)
        self._waiting.labels(engine).set_function(waiting)

    def set_engine(self, engine: str, *, slots: int, healthy: bool) -> None:
        self._slots.labels(engine).set(slots)
        self._healthy.labels(engine).set(healthy)


def histogram(registry: CollectorRegistry, name: str, about: str, labels: list[str]) -> HistogramFamily:
    return HistogramFamily(f"covey_processor_{name}", about, labels, bounds=DURATIONS_S, registry=registry)


def gauge(registry: CollectorRegistry, name: str, about: str) -> Gauge:
    return Gauge(f"covey_processor_{name}", about, ["engine"], registry=registry)
