"""The whole store into one file and back, for a node that is stopped or a cluster that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from covey.assembly.joining import with_own_authority
from covey.errors import StartFailed
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.logging import LogConfig, Logging
from covey.facilities.nats_configuration import NatsServerConfig, url_of_running
from covey.facilities.nats_connection import NatsConnection
from covey.facilities.nats_server import NatsServer
from covey.facilities.nats_store import NatsStore
from covey.facilities.store_config import NatsStoreConfig
from covey.protocol.subjects import (
    BUCKET_ACCESS,
    BUCKET_AUTH,
    BUCKET_CLIENT,
    BUCKET_GATEWAY,
    inbox_prefix,
)
from covey.runtime.identifiers import mint_instance
from covey.store.backup import export_backup, import_backup

BUCKETS = (BUCKET_AUTH, BUCKET_ACCESS, BUCKET_CLIENT, BUCKET_GATEWAY)


def export_store(data_dir: Path, nats_url: str | None, file: Path) -> dict[str, int]:
    """Write every bucket to ``file``; how many records of each; of a running node as well. Raises StartFailed,
    StoreUnavailable."""

    async def export() -> dict[str, int]:
        async with opened(data_dir, nats_url, may_run=True) as store:
            header = await export_backup([await store.bucket(name) for name in BUCKETS], file)
            return dict(header.buckets)

    return asyncio.run(export())


def import_store(data_dir: Path, nats_url: str | None, file: Path, *, overwrite: bool) -> dict[str, int]:
    """Read every bucket from ``file``; how many records of each. Raises StoreCorrupt when the file is damaged, Conflict
    when a bucket is not empty and ``overwrite`` was not said, StartFailed when the node runs and no address was
    given."""

    async def read() -> dict[str, int]:
        async with opened(data_dir, nats_url) as store:
            restored = await import_backup(file, store.bucket, overwrite=overwrite)
            for name in restored:
                await store.accept_loss(name)  # what a damaged store had lost is replaced now
            return dict(restored)

    return asyncio.run(read())


@asynccontextmanager
async def opened(data_dir: Path, nats_url: str | None, *, may_run: bool = False) -> AsyncIterator[NatsStore]:
    """The store, through a nats-server of our own unless there is an address, or with ``may_run`` that of the node."""
    logs = Logging(LogConfig(directory="", level="warning"))
    await logs.start()
    mesh = data_dir / "mesh"
    server = None if nats_url else NatsServer(NatsServerConfig(), mesh)
    if server is not None:
        try:
            await server.start()
        except StartFailed as error:
            nats_url = url_of_running(mesh) if error.param == "node.data_dir" and may_run else None
            if nats_url is None:
                await logs.stop()
                raise StartFailed(f"{error.detail}; stop it first, or give --nats-url") from error
            server = None
    connection = NatsConnection(
        with_own_authority(
            NatsConnectionConfig(
                urls=(nats_url or (server.url if server else ""),),
                seed_file=str(data_dir / "mesh" / "identities" / "operator.seed"),
            ),
            data_dir,
        ),
        name="covey backup",
        inbox_prefix=inbox_prefix("operator", mint_instance("operator")),
    )
    store = NatsStore(connection, NatsStoreConfig(manifest_interval_s=0))
    try:
        await connection.start()
        await store.start()
        yield store
    finally:
        await store.stop()
        await connection.stop()
        if server is not None:
            await server.stop()
        await logs.stop()
