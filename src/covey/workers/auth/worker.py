"""The auth worker: its parts joined, kept up to date, drained and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

import structlog
from prometheus_client import CollectorRegistry

from covey.errors import CoveyError
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.settings import SettingInForce, SettingsInForce
from covey.protocol.subjects import BUCKET_ACCESS, BUCKET_AUTH
from covey.rpc.bus import Bus
from covey.rpc.serving_worker import ServingWorker
from covey.runtime.clock import Clock
from covey.runtime.lifecycle import LifecycleBudget
from covey.store.key_value import Store
from covey.workers.auth.accounts import Accounts
from covey.workers.auth.api_keys import ApiKeys
from covey.workers.auth.attempt_peers import AttemptPeers
from covey.workers.auth.attempts import AttemptCounts, Attempts
from covey.workers.auth.config import AuthConfig
from covey.workers.auth.healing import Healing
from covey.workers.auth.invitations import Invitations
from covey.workers.auth.logins import LoginParts, Logins
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.password_hashing import PasswordHashing
from covey.workers.auth.service import AuthService
from covey.workers.auth.sessions import Sessions
from covey.workers.auth.signing_keys import SigningKeys

_log = structlog.get_logger(__name__)


class AuthWorker(ServingWorker):
    """Accounts, sessions, API keys and signing keys, for any number of its kind on the same store."""

    role: ClassVar[str] = "auth"

    def __init__(
        self,
        config: AuthConfig,
        bus: Bus,
        store: Store,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        instance: InstanceId,
        node: NodeName,
        budget: LifecycleBudget | None = None,
    ) -> None:
        super().__init__(bus, clock, instance=instance, node=node, budget=budget)
        self._config = config
        self._store = store
        self._metrics = AuthMetrics(registry)
        self._metrics.observe_with(hash_waiting=lambda: self._hashing.waiting if self._hashing is not None else 0)
        self._hashing: PasswordHashing | None = None
        self._peers: AttemptPeers | None = None
        self.settings: Callable[[], Sequence[SettingInForce]] = tuple
        """The settings of this process, as administrators are shown them."""
        self._maintenance: asyncio.Task[None] | None = None
        self.signing_keys: SigningKeys | None = None
        """Set while it serves, as is ``healing``."""
        self.healing: Healing | None = None

    async def open(self) -> None:
        config = self._config
        auth = await self._store.bucket(BUCKET_AUTH)
        access = await self._store.bucket(BUCKET_ACCESS)
        self._hashing = PasswordHashing(config.password_hash, self._metrics)
        sessions = Sessions(auth, access, self._clock, config.sessions, self._metrics)
        accounts = Accounts(auth, access, sessions)
        signing_keys = SigningKeys(auth, access, self._clock, config, self._metrics)
        api_keys = ApiKeys(auth, access, self._clock, config.api_keys, self._metrics)
        counts = AttemptCounts(config.throttle, self._clock)
        peers = self._peers = AttemptPeers(self._bus, self.instance, self._metrics)
        parts = LoginParts(
            auth=auth,
            accounts=accounts,
            sessions=sessions,
            invitations=Invitations(auth, self._clock, config.max_invitations),
            signing_keys=signing_keys,
            hashing=self._hashing,
            counts=counts,
            attempts=Attempts(counts, peers, self._clock),
        )
        logins = Logins(parts, self._clock, config, self._metrics)
        healing = Healing(auth, access, accounts, api_keys, self._metrics)
        self.signing_keys, self.healing = signing_keys, healing
        await signing_keys.open()
        await healing.run(self._clock, config.healing_grace_s)
        self._maintenance = asyncio.create_task(self._maintain(signing_keys, healing))  # ended by close
        await self.serve(AuthService(parts, logins, api_keys, self._clock, self._shown_settings))

    async def close(self) -> None:
        await self.withdraw()
        peers, self._peers = self._peers, None
        if peers is not None:
            await peers.close()
        maintenance, self._maintenance = self._maintenance, None
        if maintenance is not None:
            maintenance.cancel()
            await asyncio.gather(maintenance, return_exceptions=True)
        self.signing_keys = self.healing = None
        hashing, self._hashing = self._hashing, None
        if hashing is not None:
            await hashing.close()

    async def check(self) -> None:
        """Raises NotStarted or Draining by this worker's state, StoreUnavailable when nothing can be written."""
        await super().check()
        await self._store.check()

    def _shown_settings(self) -> SettingsInForce:
        return SettingsInForce(node=self.node, items=tuple(self.settings()), service="auth", instance=self.instance)

    async def _maintain(self, signing_keys: SigningKeys, healing: Healing) -> None:
        """Look after the signing keys all the time, and for leftovers now and then: first when what was too young to
        be touched at the start has come of age."""
        config = self._config
        loop = asyncio.get_running_loop()
        heal_at = loop.time() + config.healing_grace_s + 1.0
        while True:
            await asyncio.sleep(config.signing_keys.refresh_interval_s)
            try:
                await signing_keys.refresh()
                if loop.time() >= heal_at:
                    heal_at = loop.time() + config.healing_interval_s
                    await healing.run(self._clock, config.healing_grace_s)
            except CoveyError as error:
                self._metrics.maintenance_failed()
                _log.warning("auth_maintenance_failed", error=error.code)
            except Exception:  # reported here: one bad round must not end the rounds
                self._metrics.maintenance_failed()
                _log.exception("auth_maintenance_failed")
