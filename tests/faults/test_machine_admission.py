"""Machines that join, over crashes of what lets them in."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from covey.facilities.mesh_certificates import SERVER_NAME, client_context
from covey.testing.eventually import eventually
from covey.testing.manual_clock import ManualClock
from tests.helpers.admission import AdmittingMesh, Guest, admitting_mesh

pytestmark = pytest.mark.nats


async def shown_by(mesh: AdmittingMesh) -> bytes:
    """The certificate that the server shows now."""
    context = client_context(mesh.server.certificates.authority_text())
    _, writer = await asyncio.open_connection(
        "127.0.0.1", mesh.server.client_port, ssl=context, server_hostname=SERVER_NAME
    )
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return bytes(found)


async def test_a_renewed_certificate_is_shown_and_invitations_stay_good(tmp_path: Path) -> None:
    async with admitting_mesh(tmp_path) as mesh:
        token = await mesh.invite()
        before = await shown_by(mesh)
        mesh.server.certificates.certificate_file.unlink()
        assert await asyncio.to_thread(mesh.server.certificates.prepare)
        await mesh.server.reload()
        assert await shown_by(mesh) != before
        assert (await Guest().join(token)).node == "box"


async def test_machines_and_invitations_outlive_the_node(tmp_path: Path) -> None:
    guest, clock = Guest(), ManualClock()
    async with admitting_mesh(tmp_path, clock) as mesh:
        await guest.join(await mesh.invite())
        token = await mesh.invite(name="later")
    async with AsyncExitStack() as stack:
        again = AdmittingMesh(tmp_path, clock, stack)
        again.records.load()
        await again.start()
        assert (await guest.connect(again, "box")).client.is_connected
        addresses = (f"127.0.0.1:{again.server.client_port}",)  # the test's server takes another port each time
        moved = type(token)(addresses=addresses, pin=token.pin, secret=token.secret, expires_at=token.expires_at)
        assert (await Guest().join(moved)).node == "later"


async def test_a_change_that_a_crash_kept_from_the_server_is_known_after_it(tmp_path: Path) -> None:
    async with admitting_mesh(tmp_path) as mesh:
        guest = Guest()
        await guest.join(await mesh.invite())
        connection = await guest.connect(mesh, "box")
        assert mesh.server.process is not None
        await asyncio.to_thread(mesh.records.save, mesh.records.now.removed("box"))  # and no reload
        assert connection.client.is_connected
        mesh.server.process.kill()
        await eventually(lambda: connection.client.is_closed, timeout_s=10)
        await mesh.server.reload()
        await eventually(lambda: mesh.connection.connected, timeout_s=10)
        with pytest.raises(Exception, match="[Aa]uthorization"):
            await guest.connect(mesh, "box")


async def test_a_server_that_was_killed_lets_machines_join_again_by_itself(tmp_path: Path) -> None:
    async with admitting_mesh(tmp_path) as mesh:
        token = await mesh.invite()
        assert mesh.server.process is not None
        mesh.server.process.kill()
        await eventually(lambda: not mesh.connection.connected, timeout_s=10)
        await eventually(lambda: mesh.connection.connected, timeout_s=15)
        assert (await Guest().join(token)).node == "box"
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection(
                "127.0.0.1", mesh.server.client_port, ssl=ssl.create_default_context(), server_hostname=SERVER_NAME
            )
