"""What the auth worker counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

HashKind = Literal["hash", "verify"]
LoginOutcome = Literal["ok", "refused", "throttled"]
RefreshOutcome = Literal["ok", "refused", "reused"]
RegistrationOutcome = Literal["ok", "refused", "taken", "throttled"]
EndReason = Literal["logout", "revoked", "reuse", "account", "surplus"]
HealedKind = Literal["account", "key", "session", "signing_key", "key_use"]


class AuthMetrics:
    """Labels are outcomes and kinds: bounded by the code, never by what people send."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registrations = Counter(
            "covey_auth_registrations_total", "Registrations by outcome", ["outcome"], registry=registry
        )
        self._logins = Counter("covey_auth_logins_total", "Logins by outcome", ["outcome"], registry=registry)
        self._refreshes = Counter(
            "covey_auth_refreshes_total", "Uses of refresh tokens by outcome", ["outcome"], registry=registry
        )
        self._counted_alone = Counter(
            "covey_auth_attempts_counted_alone_total",
            "Attempts for which the auth worker that counts them did not answer",
            registry=registry,
        )
        self._hashes = Counter(
            "covey_auth_password_hashes_total", "Argon2 runs, to make or to verify a hash", ["kind"], registry=registry
        )
        self._hash_durations = Histogram(
            "covey_auth_password_hash_seconds",
            "How long one Argon2 run takes, without waiting for its turn",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
            registry=registry,
        )
        self._hash_overflows = Counter(
            "covey_auth_password_hash_refused_total", "Logins refused because too many were waiting", registry=registry
        )
        self._hash_waiting = Gauge(
            "covey_auth_password_hashes_waiting", "Argon2 runs that wait for their turn", registry=registry
        )
        self._ended = Counter(
            "covey_auth_sessions_ended_total", "Sessions ended early, by reason", ["reason"], registry=registry
        )
        self._keys = Counter("covey_auth_api_keys_total", "API keys made and revoked", ["change"], registry=registry)
        self._rotations = Counter("covey_auth_signing_key_rotations_total", "New signing keys", registry=registry)
        self._healed = Counter(
            "covey_auth_healed_total", "Leftovers of a crash that were put right, by kind", ["kind"], registry=registry
        )
        self._maintenance_failures = Counter(
            "covey_auth_maintenance_failures_total", "Rounds of maintenance that failed", registry=registry
        )

    def observe_with(self, *, hash_waiting: Callable[[], int]) -> None:
        """Where the gauge reads its value when the page is asked for."""
        self._hash_waiting.set_function(hash_waiting)

    def registered(self, outcome: RegistrationOutcome) -> None:
        self._registrations.labels(outcome).inc()

    def logged_in(self, outcome: LoginOutcome) -> None:
        self._logins.labels(outcome).inc()

    def refreshed(self, outcome: RefreshOutcome) -> None:
        self._refreshes.labels(outcome).inc()

    def counted_alone(self) -> None:
        self._counted_alone.inc()

    def hashed(self, kind: HashKind, duration_s: float) -> None:
        self._hashes.labels(kind).inc()
        self._hash_durations.observe(duration_s)

    def hash_refused(self) -> None:
        self._hash_overflows.inc()

    def sessions_ended(self, reason: EndReason, count: int) -> None:
        self._ended.labels(reason).inc(count)

    def key_created(self) -> None:
        self._keys.labels("created").inc()

    def key_revoked(self) -> None:
        self._keys.labels("revoked").inc()

    def rotated(self) -> None:
        self._rotations.inc()

    def healed(self, kind: HealedKind) -> None:
        self._healed.labels(kind).inc()

    def maintenance_failed(self) -> None:
        self._maintenance_failures.inc()
