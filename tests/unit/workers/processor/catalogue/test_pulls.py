"""Pulls against a real server on loopback, which the settings allow here."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from covey.domain.download_rules import DownloadRules
from covey.errors import (
    BackendProtocolError,
    BackendUnavailable,
    Cancelled,
    Conflict,
    CoveyError,
    Draining,
    InvalidRequest,
)
from covey.protocol.ids import ModelName
from covey.protocol.registry import PullModel, PullProgress
from covey.runtime.clock import SystemClock
from covey.testing.eventually import eventually
from covey.workers.processor import CatalogueConfig, DownloadableModel
from covey.workers.processor.catalogue import ModelLibrary, Pulls
from covey.workers.processor.catalogue.connections import Connector
from tests.helpers.gguf import gguf
from tests.helpers.model_server import ModelServer

pytestmark = pytest.mark.sockets
CONTENT = gguf(data_bytes=3_000_000)


def config(server: ModelServer, **settings: object) -> CatalogueConfig:
    model = DownloadableModel(name="tiny:1", url=server.url(), size_bytes=1, license="MIT")
    given = {"models": (model,), "allow_http": True, "allow_private_addresses": True, "free_space_bytes": 0,
             "retry_delay_s": 0.0, **settings}  # fmt: skip
    return CatalogueConfig(**given)  # type: ignore[arg-type]  # checked by the Struct's own fields


def pulls(directory: Path, found: CatalogueConfig, connector: Connector | None = None) -> tuple[Pulls, ModelLibrary]:
    library = ModelLibrary(directory)
    return Pulls(found, library, SystemClock(), connector=connector), library


async def pull(found: Pulls, wanted: str = "tiny:1", **fields: str) -> list[PullProgress]:
    request = PullModel(model=ModelName(wanted), **fields)  # type: ignore[arg-type]
    return [step async for step in found.pull(request)]


async def test_a_pulled_model_is_verified_installed_and_listed(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        found, library = pulls(tmp_path, config(server))
        steps = await pull(found)
    statuses = list(dict.fromkeys(step.status for step in steps))
    assert statuses == ["resolving", "downloading", "verifying", "installing", "done"]
    assert steps[-1].digest == f"sha256:{server.sha256}"
    assert steps[-1].total_bytes == len(CONTENT)
    (file,) = library.files()
    assert (file.name, file.path.read_bytes() == CONTENT) == ("tiny:1", True)
    assert list(library.partial.iterdir()) == []
    again = ModelLibrary(tmp_path)
    await again.open()
    assert again.models() == library.models()


async def test_a_broken_transfer_is_resumed_where_it_stopped(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.cut_after = 1_000_000
        found, library = pulls(tmp_path, config(server))
        await pull(found)
        ranges = [request.get("range") for request in server.requests]
    assert ranges == [None, "bytes=1000000-", "bytes=2000000-", "bytes=3000000-"]
    assert library.files()[0].path.read_bytes() == CONTENT


async def test_a_cancelled_pull_keeps_its_part_for_the_next_one(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.pause_after = 2_000_000
        found, library = pulls(tmp_path, config(server))
        stream = found.pull(PullModel(model=ModelName("tiny:1")))
        async for step in stream:
            if step.status == "downloading":
                break
        await asyncio.to_thread(server.paused.wait, 10)
        async with asyncio.timeout(5):
            await stream.aclose()
        server.gate.set()
        server.pause_after = None
        assert [path.suffix for path in library.partial.iterdir() if path.stat().st_size > 1000] == [".part"]
        await pull(found)
        assert server.requests[-1]["range"].startswith("bytes=")
        assert server.requests[-1]["range"] != "bytes=0-"
    assert library.has("tiny:1")


async def test_a_file_that_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.pause_after = 2_000_000
        found, library = pulls(tmp_path, config(server))
        stream = found.pull(PullModel(model=ModelName("tiny:1")))
        async for step in stream:
            if step.status == "downloading":
                break
        await stream.aclose()
        server.gate.set()
        server.pause_after = None
        server.entity_tag, server.content = '"two"', gguf(data_bytes=2_500_000)
        await pull(found)
        assert library.files()[0].path.read_bytes() == server.content


async def test_two_pulls_of_one_model_share_one_download(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.pause_after = 1_500_000
        found, _ = pulls(tmp_path, config(server))
        both = [asyncio.create_task(pull(found)) for _ in range(2)]
        await asyncio.to_thread(server.paused.wait, 10)
        late = asyncio.create_task(pull(found))
        both[0].cancel()
        await asyncio.wait([both[0]])
        server.gate.set()
        assert (await both[1])[-1].status == (await late)[-1].status == "done"
        assert len(server.requests) == 1


@pytest.mark.parametrize("declared", [True, False])
async def test_a_wrong_digest_is_refused_and_the_file_deleted(tmp_path: Path, *, declared: bool) -> None:
    with ModelServer(CONTENT) as server:
        found, library = pulls(tmp_path, config(server))
        if declared:
            server.entity_tag = f'"{"ab" * 32}"'
        with pytest.raises(BackendProtocolError, match="SHA-256"):
            await pull(found, **({} if declared else {"sha256": "0" * 64}))
    assert not library.has("tiny:1")
    assert list(library.partial.iterdir()) == []


async def test_what_is_no_model_is_not_installed(tmp_path: Path) -> None:
    with ModelServer(b"<html>not a model</html>" * 10) as server:
        found, library = pulls(tmp_path, config(server))
        with pytest.raises(BackendProtocolError, match="GGUF"):
            await pull(found)
    assert library.files() == []
    assert list(library.partial.iterdir()) == []


async def test_a_redirect_is_followed_under_the_same_rules(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.redirect = "/moved"
        found, library = pulls(tmp_path, config(server))
        await pull(found)
        assert library.has("tiny:1")
        server.redirect = "file:///etc/passwd"
        with pytest.raises(InvalidRequest):
            await pull(found)
        server.redirect = "/again"
        with pytest.raises(BackendProtocolError, match="redirects"):
            await pull(found)


async def test_d1_private_machines_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        found, _ = pulls(tmp_path, config(server, allow_private_addresses=False))
        with pytest.raises(InvalidRequest, match="private"):
            await pull(found)
        assert server.requests == []


async def test_an_address_needs_permission_and_a_digest(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        refused, _ = pulls(tmp_path, config(server))
        with pytest.raises(InvalidRequest, match="catalogue"):
            await pull(refused, server.url(), sha256=server.sha256)
        found, library = pulls(tmp_path, config(server, allow_addresses=True))
        with pytest.raises(InvalidRequest, match="SHA-256"):
            await pull(found, server.url())
        await pull(found, server.url("Some-Model.Q4_1.gguf"), sha256=server.sha256, name="mine:1")
        assert library.has("mine:1")


@pytest.mark.parametrize(("status", "error"), [(404, InvalidRequest), (403, InvalidRequest), (500, BackendUnavailable)])
async def test_refusals_of_the_server_are_named(tmp_path: Path, status: int, error: type[CoveyError]) -> None:
    with ModelServer(CONTENT) as server:
        server.status = status
        found, _ = pulls(tmp_path, config(server))
        with pytest.raises(error):
            await pull(found)


@pytest.mark.parametrize("settings", [{"free_space_bytes": 2**60}, {"largest_model_bytes": 1000}])
async def test_a_model_without_room_is_refused_before_it_is_fetched(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    with ModelServer(CONTENT) as server:
        found, library = pulls(tmp_path, config(server, **settings))
        with pytest.raises(Conflict):
            await pull(found)
    assert not library.has("tiny:1")


async def test_https_is_checked_against_the_name_that_was_asked_for(tmp_path: Path) -> None:
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    connector = Connector(
        DownloadRules(allow_private_addresses=True), connect_timeout_s=5, read_timeout_s=5, tls=trusting
    )
    with ModelServer(CONTENT, tls=served) as server:
        for host, fits in (("localhost", True), ("127.0.0.1", False)):
            model = DownloadableModel(name="tiny:1", url=server.url(host=host), size_bytes=1, license="MIT")
            found, library = pulls(tmp_path / host, config(server, models=(model,)), connector)
            if fits:
                await pull(found)
            else:
                with pytest.raises(BackendUnavailable):
                    await pull(found)
            assert library.has("tiny:1") is fits


async def test_closing_ends_downloads_under_way_and_tells_their_watchers(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.pause_after = 1_500_000
        found, _ = pulls(tmp_path, config(server))
        task = asyncio.create_task(pull(found))
        await eventually(server.paused.is_set)
        await found.close()
        with pytest.raises(Draining):
            await task
        server.gate.set()


async def test_a_detached_pull_goes_on_without_watchers_and_can_be_watched_again(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.pause_after = 1_000_000
        found, library = pulls(tmp_path, config(server))
        request = PullModel(model=ModelName("tiny:1"), detached=True)
        async for _ in (stream := found.pull(request)):
            break
        await stream.aclose()
        await asyncio.to_thread(server.paused.wait, 10)
        (running,) = found.running
        assert running.model.name == "tiny:1"
        assert [model.name for model in found.known if model.name == "tiny:1"] == ["tiny:1"]
        server.gate.set()
        assert (await pull(found))[-1].status == "done"
        await eventually(lambda: not found.running)
    assert len(server.requests) == 1
    assert library.has("tiny:1")


async def test_a_cancelled_pull_ends_for_all_who_watch_it(tmp_path: Path) -> None:
    with ModelServer(CONTENT) as server:
        server.pause_after = 1_000_000
        found, library = pulls(tmp_path, config(server))
        watching = asyncio.create_task(pull(found))
        await asyncio.to_thread(server.paused.wait, 10)
        (running,) = found.running
        assert await found.cancel(running.id)
        with pytest.raises(Cancelled):
            await watching
        assert not await found.cancel(running.id)
        server.gate.set()
    assert not library.has("tiny:1")
