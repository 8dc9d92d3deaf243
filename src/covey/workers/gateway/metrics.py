"""What the gateway counts."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from covey.runtime.counters import Count, CounterFamily, Distribution, HistogramFamily

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class GatewayMetrics:
    """Labels are models of the catalogue, kinds, outcomes and operation names; never users, keys or what was asked."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = CounterFamily(
            "covey_gateway_requests_total",
            "Generations and embeddings that ended, by model, kind and outcome",
            ["model", "kind", "outcome"],
            registry=registry,
        )
        self._tokens = CounterFamily(
            "covey_gateway_tokens_total", "Tokens billed, by model and kind", ["model", "kind"], registry=registry
        )
        self._durations = HistogramFamily(
            "covey_gateway_request_duration_seconds",
            "From admission to the end of the answer",
            ["kind"],
            bounds=_SECONDS,
            registry=registry,
        )
        self._refused = Counter(
            "covey_gateway_refused_total", "Requests refused before a processor saw them", ["code"], registry=registry
        )
        self._retries = Counter(
            "covey_gateway_retries_total", "Requests sent to another processor, by reason", ["code"], registry=registry
        )
        self._operations = Counter(
            "covey_gateway_operations_total",
            "Operations of the platform API, by name and outcome",
            ["operation", "outcome"],
            registry=registry,
        )
        self._credentials = CounterFamily(
            "covey_gateway_credentials_total", "Credentials looked at, by how it went", ["result"], registry=registry
        )
        self.cached = self._credentials.labels("cached")
        self.verified = self._credentials.labels("verified")
        self.rejected = self._credentials.labels("rejected")
        self.corrected_usage = Counter(
            "covey_gateway_corrected_usage_total", "Answers whose engine's token count could not be", registry=registry
        )
        self._records = Counter(
            "covey_gateway_log_records_total", "Usage and audit records, by fate", ["log", "fate"], registry=registry
        )
        self._contents = Counter(
            "covey_gateway_contents_total",
            "Questions with their answers that were to be kept, by fate",
            ["fate"],
            registry=registry,
        )
        self._running = Gauge("covey_gateway_requests_running", "Generations under way", registry=registry)
        self._age = Gauge(
            "covey_gateway_access_age_seconds", "Age of what is known about credentials", registry=registry
        )
        self._waiting = Gauge("covey_gateway_usage_records_waiting", "Usage records not written yet", registry=registry)
        self._request_children: dict[tuple[str, str, str], tuple[Count, Distribution, Count, Count]] = {}

    def observe_with(
        self, *, running: Callable[[], int], access_age_s: Callable[[], float], waiting: Callable[[], int]
    ) -> None:
        """Where the gauges read their values when the page is asked for."""
        self._running.set_function(running)
        self._age.set_function(access_age_s)
        self._waiting.set_function(waiting)

    def request(
        self, model: str, kind: str, outcome: str, duration_s: float, prompt_tokens: int, completion_tokens: int
    ) -> None:
        """A request that ended, with what is billed for it."""
        key = (model, kind, outcome)
        children = self._request_children.get(key)
        if children is None:
            children = self._request_children[key] = (
                self._requests.labels(*key),
                self._durations.labels(kind),
                self._tokens.labels(model, "prompt"),
                self._tokens.labels(model, "completion"),
            )
        children[0].value += 1
        children[1].observe(duration_s)
        children[2].value += prompt_tokens
        children[3].value += completion_tokens

    def refused(self, code: str) -> None:
        self._refused.labels(code).inc()

    def retried(self, code: str) -> None:
        self._retries.labels(code).inc()

    def operation(self, name: str, outcome: str) -> None:
        self._operations.labels(name, outcome).inc()

    def content(self, fate: str, count: int = 1) -> None:
        """``fate``: written or dropped."""
        self._contents.labels(fate).inc(count)

    def record(self, log: str, fate: str, count: int = 1) -> None:
        """``fate``: written, spilled, replayed or lost."""
        self._records.labels(log, fate).inc(count)
