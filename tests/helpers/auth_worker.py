"""An auth worker on a store in memory, with cheap password hashes and a clock that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from covey.domain.access_tokens import AccessClaims, VerificationKey, verify_access_token
from covey.domain.policy import scopes_of
from covey.domain.throttle import AttemptBudget
from covey.errors import Unauthenticated
from covey.protocol import auth
from covey.protocol.auth import ALL_SCOPES, AccessSession, AccessSigningKey, AccessUser, Identity, SessionTokens
from covey.protocol.endpoint import Empty, Endpoint
from covey.protocol.ids import InstanceId, NodeName, RequestId
from covey.rpc.context import CallContext
from covey.rpc.local import LocalBus
from covey.runtime.clock import Clock
from covey.store.key_value import Store
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryKeyValue, MemoryStore
from covey.workers.auth.config import AuthConfig, PasswordHashConfig, ThrottleConfig
from covey.workers.auth.worker import AuthWorker

PASSWORD = "a long enough one"
AMPLE = AttemptBudget(burst=100_000, refill_s=1.0)


def auth_config(**changes: Any) -> AuthConfig:
    """Cheap hashes and ample budgets; the maintenance never comes round by itself."""
    fields: dict[str, Any] = {
        "password_hash": PasswordHashConfig(time_cost=1, memory_kib=8, max_waiting=10_000),
        "throttle": ThrottleConfig(account=AMPLE, device=AMPLE, network=AMPLE, registration=AMPLE),
    }
    return AuthConfig(**{**fields, **changes})


def context(
    identity: Identity | None = None, *, address: str | None = "192.0.2.1", request_id: str = "req_1"
) -> CallContext:
    return CallContext(request_id=RequestId(request_id), identity=identity, client_address=address)


class AuthRig:
    """What a test does with one or several auth workers on one store."""

    def __init__(
        self, config: AuthConfig | None = None, store: Store | None = None, clock: Clock | None = None
    ) -> None:
        """Without ``store`` and ``clock`` on a store in memory whose time a test moves."""
        self.clock = ManualClock()
        self.wall_clock: Clock = clock or self.clock
        self.memory = MemoryStore(self.clock)
        self.store: Store = store or self.memory
        self.config = config or auth_config()
        self.bus = LocalBus()
        self.registry = CollectorRegistry()
        self.workers: list[AuthWorker] = []

    async def start(self, count: int = 1) -> None:
        for _ in range(count):
            number = len(self.workers)
            registry = self.registry if number == 0 else CollectorRegistry()
            worker = AuthWorker(
                self.config,
                self.bus,
                self.store,
                self.wall_clock,
                registry,
                instance=InstanceId(f"auth-{number}"),
                node=NodeName("node"),
            )
            await worker.start()
            self.workers.append(worker)

    async def stop(self) -> None:
        for worker in self.workers:
            await worker.stop()
        self.workers.clear()
        await self.bus.close()
        await self.memory.stop()

    async def call(self, endpoint: Endpoint[Any, Any], request: Any = None, by: Any = None, **options: Any) -> Any:
        """Call as ``by``: an Identity, the SessionTokens of a login, or nobody."""
        identity = identity_of(by) if isinstance(by, SessionTokens) else by
        to = options.pop("to", None)
        return await self.bus.call(
            endpoint, Empty() if request is None else request, context(identity, **options), to=to
        )

    async def register(self, username: str = "alice", password: str = PASSWORD, **fields: Any) -> SessionTokens:
        options = {name: fields.pop(name) for name in ("address", "to") if name in fields}
        request = auth.Register(username=username, password=password, **fields)
        tokens: SessionTokens = await self.call(auth.REGISTER, request, **options)
        return tokens

    async def login(self, username: str = "alice", password: str = PASSWORD, **options: Any) -> SessionTokens:
        tokens: SessionTokens = await self.call(auth.LOGIN, auth.Login(username=username, password=password), **options)
        return tokens

    async def refresh(self, token: str, **options: Any) -> SessionTokens:
        tokens: SessionTokens = await self.call(
            auth.REFRESH_SESSION, auth.RefreshSession(refresh_token=token), **options
        )
        return tokens

    async def verify(self, access_token: str) -> AccessClaims:
        """What a gateway does with an access token. Raises Unauthenticated."""
        access = await self.store.bucket("access")
        keys = {
            record.key_id: VerificationKey.from_record(record)
            for entry in await access.range("jwk")
            for record in [msgspec.msgpack.decode(entry.value, type=AccessSigningKey)]
        }
        claims = verify_access_token(access_token, keys, self.wall_clock.now())
        entry = await access.get(f"user.{claims.user_id}")
        user = msgspec.msgpack.decode(entry.value, type=AccessUser) if entry else None
        if user is None or user.status != "active" or claims.issued_at < user.sessions_valid_after:
            raise Unauthenticated
        ended = await access.get(f"ended.{claims.session_id}")
        if ended is not None:
            assert msgspec.msgpack.decode(ended.value, type=AccessSession).session_id == claims.session_id
            raise Unauthenticated
        return claims

    async def accepts(self, access_token: str) -> bool:
        try:
            await self.verify(access_token)
        except Unauthenticated:
            return False
        return True

    async def refresh_signing_keys(self) -> None:
        """A round of what each worker does by itself every few seconds."""
        for worker in self.workers:
            assert worker.signing_keys is not None
            await worker.signing_keys.refresh()

    async def heal(self) -> int:
        """A round of healing by the first worker, once the grace time is over."""
        self.clock.advance(self.config.healing_grace_s + 1.0)
        healing = self.workers[0].healing
        assert healing is not None
        return await healing.run(self.clock, self.config.healing_grace_s)

    async def access(self) -> MemoryKeyValue:
        return await self.memory.bucket("access")

    async def auth(self) -> MemoryKeyValue:
        return await self.memory.bucket("auth")

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    @property
    def hashes(self) -> float:
        """How many times Argon2 ran."""
        return sum(self.metric("covey_auth_password_hashes_total", kind=kind) for kind in ("hash", "verify"))


def identity_of(tokens: SessionTokens, **changes: Any) -> Identity:
    """The identity that a gateway makes of a login."""
    fields: dict[str, Any] = {
        "user_id": tokens.user.id,
        "username": tokens.user.username,
        "role": tokens.user.role,
        "scopes": scopes_of(tokens.user.role, ALL_SCOPES),
        "session_id": tokens.session_id,
    }
    return Identity(**{**fields, **changes})


@asynccontextmanager
async def auth_rig(config: AuthConfig | None = None, *, workers: int = 1, **changes: Any) -> AsyncIterator[AuthRig]:
    rig = AuthRig(config or auth_config(**changes))
    try:
        await rig.start(workers)
        yield rig
    finally:
        await rig.stop()
