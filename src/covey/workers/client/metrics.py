"""What the client worker counts."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from covey.runtime.counters import Count, CounterFamily, Distribution, HistogramFamily

_FIRST_TOKEN_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_PER_TOKEN_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class ClientMetrics:
    """Labels are models as processors name them, modes and outcomes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = CounterFamily(
            "covey_client_generations_total",
            "Generations that ended, by mode and outcome",
            ["mode", "outcome"],
            registry=registry,
        )
        self._first_tokens = HistogramFamily(
            "covey_client_first_token_seconds",
            "From the arrival of a request to its first token, by model",
            ["model"],
            bounds=_FIRST_TOKEN_S,
            registry=registry,
        )
        self._token_times = HistogramFamily(
            "covey_client_time_per_token_seconds",
            "Time between tokens after the first, mean of each generation, by model",
            ["model"],
            bounds=_PER_TOKEN_S,
            registry=registry,
        )
        self._tokens = CounterFamily(
            "covey_client_tokens_total", "Tokens that were passed on, by model", ["model"], registry=registry
        )
        self._operations = Counter(
            "covey_client_operations_total",
            "Own operations, by name and outcome",
            ["operation", "outcome"],
            registry=registry,
        )
        self._idempotent = Counter(
            "covey_client_idempotent_requests_total",
            "Requests with an Idempotency-Key, by what became of them",
            ["result"],
            registry=registry,
        )
        self._messages = Counter(
            "covey_client_conversation_writes_total",
            "Messages written for generations, by fate",
            ["fate"],
            registry=registry,
        )
        self._running = Gauge("covey_client_generations_running", "Generations under way", registry=registry)
        self._kept_bytes = Gauge("covey_client_generation_log_bytes", "Events that are kept", registry=registry)
        self._request_children: dict[tuple[str, str], Count] = {}
        self._model_children: dict[str, tuple[Distribution, Distribution, Count]] = {}

    def observe_with(self, *, running: Callable[[], int], kept_bytes: Callable[[], int]) -> None:
        """Where the gauges read their values when the page is asked for."""
        self._running.set_function(running)
        self._kept_bytes.set_function(kept_bytes)

    def ended(self, mode: str, outcome: str) -> None:
        child = self._request_children.get((mode, outcome))
        if child is None:
            child = self._request_children[mode, outcome] = self._requests.labels(mode, outcome)
        child.value += 1

    def answered(self, model: str, tokens: int, first_token_s: float, rest_s: float) -> None:
        """A generation with at least one token. ``rest_s``: from its first token to its last."""
        children = self._model_children.get(model)
        if children is None:
            children = self._model_children[model] = (
                self._first_tokens.labels(model),
                self._token_times.labels(model),
                self._tokens.labels(model),
            )
        children[0].observe(first_token_s)
        if tokens > 1:
            children[1].observe(rest_s / (tokens - 1))
        children[2].value += tokens

    def operation(self, name: str, outcome: str) -> None:
        self._operations.labels(name, outcome).inc()

    def idempotent(self, result: str) -> None:
        """``new``, ``repeated``, ``joined`` or ``conflict``."""
        self._idempotent.labels(result).inc()

    def message(self, fate: str) -> None:
        """``written``, ``late`` or ``lost``."""
        self._messages.labels(fate).inc()
