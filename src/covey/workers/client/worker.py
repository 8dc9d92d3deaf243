"""The client worker: its parts joined, served, drained and closed."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import ClassVar

from prometheus_client import CollectorRegistry

from covey.errors import PeerUnavailable
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.inference import GATEWAY_GENERATE
from covey.protocol.registry import LoadReport
from covey.protocol.subjects import BUCKET_CLIENT
from covey.rpc.bus import Bus
from covey.rpc.serving_worker import ServingWorker
from covey.runtime.clock import Clock
from covey.runtime.lifecycle import LifecycleBudget
from covey.runtime.periodic import Periodic
from covey.store.key_value import Store
from covey.workers.client.attached import AttachedGenerations
from covey.workers.client.attachment_store import AttachmentStore
from covey.workers.client.changes import Changes
from covey.workers.client.config import ClientConfig
from covey.workers.client.conversation_attachments import ConversationAttachments
from covey.workers.client.conversation_index import ConversationIndex
from covey.workers.client.conversation_lists import ConversationLists
from covey.workers.client.conversation_store import ConversationStore
from covey.workers.client.conversations import Conversations
from covey.workers.client.gateways import Gateways
from covey.workers.client.generations import KeptGenerations
from covey.workers.client.idempotency import IdempotencyKeys
from covey.workers.client.metrics import ClientMetrics
from covey.workers.client.operations import ClientOperations
from covey.workers.client.repeats import Repeats
from covey.workers.client.service import ClientService
from covey.workers.client.turn_records import TurnRecords
from covey.workers.client.turns import Turns

SWEEP_INTERVAL_S = 10.0
LATE_INTERVAL_S = 1.0


class ClientWorker(ServingWorker):
    """Owns generations from their beginning to their end, conversations, and idempotency keys."""

    role: ClassVar[str] = "client"

    def __init__(
        self,
        config: ClientConfig,
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
        self.metrics = ClientMetrics(registry)
        self.service: ClientService | None = None
        self.attached: AttachedGenerations | None = None
        self.kept = KeptGenerations(instance, config, clock, self.metrics)
        self._parts: AsyncExitStack | None = None
        self.metrics.observe_with(running=self._running, kept_bytes=lambda: self.kept.size_bytes)

    async def open(self) -> None:
        stack = self._parts = AsyncExitStack()
        config, clock, metrics = self._config, self._clock, self.metrics
        bucket = await self._store.bucket(BUCKET_CLIENT)
        changes = Changes(self._bus, self.instance, self.kept.runs)
        stored = ConversationStore(bucket, config)
        attachments = ConversationAttachments(stored, AttachmentStore(bucket, config), config)
        index = ConversationIndex(stored, max_bytes=config.search_cache_bytes)
        conversations = Conversations(stored, attachments, index, changes, config, clock)
        turns = Turns(
            TurnRecords(stored, attachments, changes, clock), clock, metrics, timeout_s=config.store_timeout_s
        )
        keys = IdempotencyKeys(bucket, self.instance, config, metrics)
        stack.push_async_callback(keys.close)
        gateways = Gateways(self._bus, attempts=config.gateway_attempts)
        attached = self.attached = AttachedGenerations(gateways)
        operations = ClientOperations(
            gateways, conversations, ConversationLists(index), attachments, changes, self.kept, attached, metrics
        )
        repeats = Repeats(keys, self.kept, metrics)
        self.service = ClientService(self._bus, gateways, self.kept, repeats, turns, operations, clock, metrics)

        async def sweep() -> None:
            self.kept.sweep()

        stack.push_async_callback(turns.flush)
        for periodic in (
            Periodic("generation_sweep", sweep, interval_s=SWEEP_INTERVAL_S),
            Periodic("late_messages", turns.flush, interval_s=LATE_INTERVAL_S),
            Periodic("idempotency_leases", keys.renew, interval_s=config.idempotency_lease_s / 3),
        ):
            stack.push_async_callback(periodic.stop)
            await periodic.start()
        stack.push_async_callback(self.kept.close)
        await self.serve(self.service)

    async def drain(self, budget_s: float) -> None:
        """Attached generations end with their readers' streams; detached ones have the same time."""
        began_at = self._clock.monotonic()
        await super().drain(budget_s)
        await self.kept.until_idle(budget_s - (self._clock.monotonic() - began_at))

    async def close(self) -> None:
        await self.withdraw()
        parts, self._parts = self._parts, None
        if parts is not None:
            await parts.aclose()

    async def check(self) -> None:
        """Raises NotStarted or Draining by state, PeerUnavailable when there is no gateway."""
        await super().check()
        if not self._bus.instances(GATEWAY_GENERATE.service):
            raise PeerUnavailable("no gateway is there")

    def load(self) -> LoadReport:
        return LoadReport(running=self._running())

    def _running(self) -> int:
        return self.kept.running + (len(self.attached) if self.attached else 0)
