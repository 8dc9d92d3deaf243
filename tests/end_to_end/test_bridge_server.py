"""Listening: ports in use, shared ports, certificates, and the loop that production runs on."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
import uvloop

from covey.errors import StartFailed
from covey.testing.eventually import eventually
from tests.helpers.bridges import AUTHORIZATION, new_bridge, running_bridge
from tests.helpers.http import RawConnection, exchange, request

CHAT = b'{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}'


async def test_a_port_in_use_is_named() -> None:
    async with running_bridge() as first:
        second = new_bridge(port=first.port)
        with pytest.raises(StartFailed) as failure:
            await second.bridge.start()
        assert failure.value.param == "bridge.port"
        assert second.bridge.state == "failed"


async def test_several_bridges_share_a_port_when_told_to() -> None:
    async with running_bridge(reuse_port=True) as first, running_bridge(reuse_port=True, port=first.port) as second:
        assert second.port == first.port
        ((status, _, _),) = await exchange(first.port, request("GET", "/livez"))
        assert status == 200


async def test_a_bridge_starts_again_after_it_stopped() -> None:
    running = new_bridge()
    for _ in range(2):
        await running.bridge.start()
        ((status, _, _),) = await exchange(running.port, request("GET", "/readyz"))
        assert status == 200
        await running.bridge.stop()


async def test_https_with_a_certificate_and_key(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    client = ssl.create_default_context()
    authority.configure_trust(client)
    tls = {"certificate_path": str(certificate), "key_path": str(key)}
    async with running_bridge(tls=tls) as bridge:
        reader, writer = await asyncio.open_connection("localhost", bridge.port, ssl=client)
        writer.write(request("POST", "/v1/chat/completions", AUTHORIZATION, CHAT))
        answer = await asyncio.wait_for(reader.read(), 10.0)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"[DONE]" in answer


async def test_a_certificate_that_cannot_be_read_is_named() -> None:
    with pytest.raises(StartFailed) as failure:
        await new_bridge(tls={"certificate_path": "/nowhere/cert.pem"}).bridge.start()
    assert failure.value.param == "bridge.tls.certificate_path"


async def test_no_connection_is_left_after_stopping() -> None:
    async with running_bridge() as bridge, RawConnection(bridge.port) as idle:
        await idle.send(request("GET", "/livez", close=False))
        await idle.read_response()
        await bridge.bridge.stop()
        assert await idle.read_to_end() == b""
        await eventually(lambda: bridge.sample("covey_bridge_connections") == 0)


def test_the_same_on_uvloop() -> None:
    async def ask() -> bytes:
        async with running_bridge() as bridge, RawConnection(bridge.port) as connection:
            await connection.send(request("POST", "/v1/chat/completions", AUTHORIZATION, CHAT))
            return await connection.read_to_end()

    assert b"[DONE]" in uvloop.run(ask())
