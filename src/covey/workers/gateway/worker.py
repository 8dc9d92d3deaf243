"""The gateway as a worker: its parts joined, warmed, served, drained and closed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import ClassVar

import msgspec
import structlog
from prometheus_client import CollectorRegistry

from covey.domain.limits import Limiter, Unlimited
from covey.domain.model_rules import ModelRules
from covey.errors import CoveyError, NotStarted, StoreUnavailable
from covey.protocol.auth import RECORD_KEY_USES
from covey.protocol.ids import InstanceId, NodeName, RequestId
from covey.protocol.nodes import NodeJoined
from covey.protocol.registry import InstanceInfo, LoadReport
from covey.protocol.settings import SettingInForce
from covey.protocol.subjects import BUCKET_ACCESS, BUCKET_GATEWAY, LOG_AUDIT, LOG_USAGE
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.rpc.serving_worker import ServingWorker
from covey.runtime.back_off import BackOff
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.runtime.lifecycle import LifecycleBudget
from covey.runtime.periodic import Periodic
from covey.store.key_value import Store
from covey.store.read_copy import ReadCopy
from covey.workers.gateway.administration import Administration
from covey.workers.gateway.audit import Audit
from covey.workers.gateway.catalogue import Catalogue
from covey.workers.gateway.config import GatewayConfig
from covey.workers.gateway.contents import Contents
from covey.workers.gateway.credentials import Credentials
from covey.workers.gateway.embeddings import EmbeddingRequests
from covey.workers.gateway.keeping_service import KeepingGatewayService
from covey.workers.gateway.log_writer import LogWriter
from covey.workers.gateway.machines import Machines, NoMachines
from covey.workers.gateway.metering import UsageMeter
from covey.workers.gateway.metrics import GatewayMetrics
from covey.workers.gateway.model_settings import ModelSettingsStore
from covey.workers.gateway.names import Names
from covey.workers.gateway.node_settings import NodeSettings
from covey.workers.gateway.nodes import Nodes
from covey.workers.gateway.operations import Operations
from covey.workers.gateway.overview import GatewayState, Overviews
from covey.workers.gateway.parts import RequestParts
from covey.workers.gateway.pulls import GatewayPulls
from covey.workers.gateway.request_log import RequestLog
from covey.workers.gateway.routing import Routing
from covey.workers.gateway.service import GatewayService
from covey.workers.gateway.spill import LogEntry, Spill
from covey.workers.gateway.usage_queue import UsageQueue
from covey.workers.gateway.usage_recovery import UsageRecovery

log = structlog.get_logger(__name__)
CLOSING_BUDGET_S = 5.0
RECOVERY_BUDGET_S = 5.0


class GatewayWorker(ServingWorker):
    """Admits, routes, counts."""

    role: ClassVar[str] = "gateway"

    def __init__(
        self,
        config: GatewayConfig,
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
        self.metrics = GatewayMetrics(registry)
        self.limiter: Limiter = Unlimited()
        self.settings: Callable[[], Sequence[SettingInForce]] = tuple
        """The settings of this node, as administrators are shown them."""
        self.machines: Machines = NoMachines()
        """Who lets machines join, where this process runs the mesh."""
        self.service: GatewayService | None = None
        self._records: ReadCopy[bytes] | None = None
        self._credentials: Credentials | None = None
        self._usage: LogWriter | None = None
        self._queue: UsageQueue | None = None
        self._parts: AsyncExitStack | None = None
        self.metrics.observe_with(
            running=self._running,
            access_age_s=lambda: self._records.age_s if self._records else float("inf"),
            waiting=self._records_waiting,
        )

    async def open(self) -> None:
        self._parts = stack = AsyncExitStack()
        records = await self._access_records()
        stack.push_async_callback(records.stop)
        credentials = Credentials(
            records,
            self._clock,
            self.metrics,
            max_staleness_s=self._config.max_staleness_s,
            cache_size=self._config.credential_cache_size,
        )
        self._records, self._credentials = records, credentials
        bucket = await self._store.bucket(BUCKET_GATEWAY)
        rules = ModelRules()
        models = ModelSettingsStore(bucket, self._bus, self._clock, rules, self._config.limits)
        stack.push_async_callback(models.stop)
        await models.start()
        meter = UsageMeter(bucket, self.instance, self._clock)
        usage_log = await self._store.log(LOG_USAGE, max_age_s=self._config.retention_s)
        await meter.open(usage_log)
        stack.push_async_callback(meter.close)
        recovery = UsageRecovery(bucket, usage_log, meter.name, self._other_gateways)
        await recovery.first(RECOVERY_BUDGET_S)
        usage = self._usage = await self._writer(stack, LOG_USAGE, meter.written)
        audit_writer = await self._writer(stack, LOG_AUDIT, None)
        audit = Audit(
            await self._store.log(LOG_AUDIT, max_age_s=self._config.retention_s),
            audit_writer,
            self._clock,
            timeout_s=self._config.audit_timeout_s,
        )
        queue = self._queue = UsageQueue(self._config.usage_queue_size, lambda: self.metrics.record(LOG_USAGE, "lost"))
        state = GatewayState(
            credentials, self._clock, running=self._running, access_age_s=lambda: records.age_s,
            records_waiting=self._records_waiting,
        )  # fmt: skip
        self.machines.on_joined = lambda joined: self._note_joined(audit, joined)
        contents = await self._contents(stack, records)
        administration = await self._administration(Names(records), models, credentials, contents)
        self.service = self._service(credentials, meter, audit, queue, administration, state, rules)

        async def write_down() -> None:
            for taken in queue.take():
                state.activity.add(taken)
                usage.put(meter.entry(*taken))
            await usage.flush()
            await meter.flush()
            await audit_writer.flush()

        stack.push_async_callback(self._last, write_down)
        await self._repeat(stack, "gateway_logs", write_down, self._config.usage_interval_s)
        await self._repeat(stack, "usage_recovery", recovery.run, self._config.usage_recovery_interval_s)
        await self._repeat(stack, "key_uses", self._report_key_uses, self._config.key_uses_interval_s)
        await self.serve(self.service)

    async def close(self) -> None:
        await self.withdraw()
        parts, self._parts = self._parts, None
        if parts is not None:
            await parts.aclose()

    async def check(self) -> None:
        """Raises NotStarted or Draining by state, StoreUnavailable when credentials can no longer be verified."""
        await super().check()
        if self._records is None:
            raise NotStarted
        self._records.check(self._config.max_staleness_s)

    def load(self) -> LoadReport:
        return LoadReport(running=self._running())

    def info(self) -> InstanceInfo:
        return msgspec.structs.replace(super().info(), keeps_mesh=self.machines.here)

    def access_record(self, key: str) -> bytes | None:
        """A record as this gateway's copy has it."""
        return None if self._records is None else self._records.get(key)

    def _records_waiting(self) -> int:
        return (len(self._usage) if self._usage else 0) + (len(self._queue) if self._queue else 0)

    def _running(self) -> int:
        return self.service.running.count if self.service else 0

    def _other_gateways(self) -> list[InstanceId]:
        return [info.instance for info in self._bus.instances(self.role) if info.instance != self.instance]

    async def _access_records(self) -> ReadCopy[bytes]:
        """A complete copy of the access records. The auth worker makes their bucket, perhaps only in a moment."""
        back_off = BackOff(initial_s=0.1, maximum_s=2.0)
        while True:
            try:
                bucket = await self._store.bucket(BUCKET_ACCESS, create=False)
                records = ReadCopy(bucket, "", bytes, clock=self._clock)
                await records.start()
            except StoreUnavailable:
                log.info("access_records_awaited", attempts=back_off.attempts)
                await asyncio.sleep(back_off.next_delay_s())
            else:
                return records

    async def _writer(
        self, stack: AsyncExitStack, name: str, written: Callable[[Sequence[LogEntry], int], None] | None
    ) -> LogWriter:
        directory = Path(self._config.data_dir or "data/gateway")
        spill = Spill(directory, name, self.instance, max_bytes=self._config.spill_max_bytes)
        stack.push_async_callback(spill.close)
        await spill.open()
        return LogWriter(
            await self._store.log(name, max_age_s=self._config.retention_s),
            spill,
            self.metrics,
            queue_size=self._config.usage_queue_size,
            written=written,
        )

    async def _contents(self, stack: AsyncExitStack, records: ReadCopy[bytes]) -> Contents:
        config = self._config.content
        contents = Contents(config, self._store, records, self._clock, self.metrics)
        if config.keep:
            log.warning("request_content_is_kept", keep_s=config.keep_s)
        stack.push_async_callback(contents.close)
        await self._repeat(stack, "request_content", contents.flush, self._config.usage_interval_s)
        return contents

    async def _administration(
        self, names: Names, models: ModelSettingsStore, credentials: Credentials, contents: Contents
    ) -> Administration:
        usage = await self._store.log(LOG_USAGE, max_age_s=self._config.retention_s)
        size, longest_s = self._config.request_log_size, self._config.request_log_s
        return Administration(
            names=names,
            nodes=Nodes(self._bus, self.machines),
            machines=self.machines,
            models=models,
            pulls=GatewayPulls(self._bus),
            requests=RequestLog(usage, names, self._clock, size=size, longest_s=longest_s),
            contents=contents,
            overviews=Overviews(self._bus, names, self._clock),
            settings=NodeSettings(
                self._bus, credentials, lambda: self.settings(), instance=self.instance, node=self.node
            ),
        )

    def _service(
        self,
        credentials: Credentials,
        meter: UsageMeter,
        audit: Audit,
        usage: UsageQueue,
        administration: Administration,
        state: GatewayState,
        rules: ModelRules,
    ) -> GatewayService:
        routing = Routing(self._bus, random.random, rules)
        catalogue = Catalogue(self._bus, routing)
        parts = RequestParts(
            config=self._config,
            bus=self._bus,
            clock=self._clock,
            credentials=credentials,
            routing=routing,
            limiter=self.limiter,
            metrics=self.metrics,
            record=usage.put,
            contents=administration.contents,
        )
        operations = Operations(self._bus, credentials, catalogue, meter, audit, self.metrics, administration)
        kind = KeepingGatewayService if parts.config.content.keep else GatewayService
        return kind(parts, EmbeddingRequests(parts), operations, catalogue, audit, state, administration.settings)

    async def _repeat(
        self, stack: AsyncExitStack, name: str, work: Callable[[], Awaitable[object]], interval_s: float
    ) -> None:
        periodic = Periodic(name, work, interval_s=interval_s)
        stack.push_async_callback(periodic.stop)
        await periodic.start()

    async def _note_joined(self, audit: Audit, joined: NodeJoined) -> None:
        context = CallContext(request_id=RequestId(mint("req")))
        await audit.write("nodes.join", context, None, request=joined)

    async def _last(self, write_down: Callable[[], Awaitable[None]]) -> None:
        """What was used until now is written before the parts that write it are closed."""
        try:
            async with asyncio.timeout(CLOSING_BUDGET_S):
                await write_down()
                await self._report_key_uses()
        except TimeoutError:
            log.warning("gateway_logs_incomplete", waiting=len(self._usage) if self._usage else 0)

    async def _report_key_uses(self) -> None:
        uses = self._credentials.take_uses() if self._credentials else None
        if uses is None or self._credentials is None:
            return
        try:
            await self._bus.call(RECORD_KEY_USES, uses, CallContext(request_id=RequestId(mint("req"))))
        except CoveyError as error:
            self._credentials.give_back_uses(uses)
            log.info("key_uses_not_reported", code=error.code)
