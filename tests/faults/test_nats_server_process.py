"""The embedded server under kill -9, SIGSTOP, a port that is taken, a data directory that is in use."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from covey.errors import CoveyError, StartFailed, StoreUnavailable
from covey.facilities import nats_server
from covey.facilities.nats_configuration import NatsServerConfig
from covey.facilities.nats_probe import WriteTimedOut
from covey.facilities.nats_server import NatsServer
from covey.testing.eventually import eventually
from tests.helpers.mesh import QUICK, Mesh, running_mesh

pytestmark = pytest.mark.nats


async def is_well(server: NatsServer) -> bool:
    try:
        await server.check()
    except CoveyError:
        return False
    return True


async def until_replaced(mesh: Mesh, pid: int) -> None:
    assert mesh.server.process is not None
    process = mesh.server.process
    await eventually(lambda: process.pid not in (None, pid) and process.state == "running", timeout_s=20.0)
    await eventually(lambda: is_well(mesh.server), timeout_s=10.0)


def pid_of(mesh: Mesh) -> int:
    assert mesh.server.process is not None
    assert mesh.server.process.pid is not None
    return mesh.server.process.pid


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_environment_of_the_server_is_ours_alone(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        environment = await asyncio.to_thread(Path(f"/proc/{pid_of(mesh)}/environ").read_bytes)
        assert environment.decode().rstrip("\0").split("\0") == list(nats_server.GARBAGE_COLLECTION)


async def test_killed_server_comes_back_on_its_port_with_all_that_was_acknowledged(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        auth = await mesh.connect("auth")
        config = {"name": "KV_auth", "subjects": ["$KV.auth.>"], "storage": "file"}
        assert "error" not in await auth.api("STREAM.CREATE.KV_auth", config)
        for number in range(50):
            await auth.client.request(f"$KV.auth.k{number}", b"value", timeout=5)
        pid, url = pid_of(mesh), mesh.server.url
        os.kill(pid, signal.SIGKILL)
        await until_replaced(mesh, pid)
        assert mesh.server.url == url
        again = await mesh.connect("auth")
        assert (await again.api("STREAM.INFO.KV_auth"))["state"]["messages"] == 50


async def test_frozen_server_is_noticed_killed_and_started_again(tmp_path: Path) -> None:
    config = msgspec.structs.replace(QUICK, probe_timeout_s=0.2)
    async with running_mesh(tmp_path, config) as mesh:
        pid = pid_of(mesh)
        os.kill(pid, signal.SIGSTOP)
        await until_replaced(mesh, pid)
        assert await (await mesh.connect("client")).may_publish("rpc.gateway.x")


async def test_configured_port_in_use_fails_the_start_and_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for name, config in (
            ("mesh.server.port", NatsServerConfig(port=port)),
            ("mesh.server.monitor_port", NatsServerConfig(monitor_port=port)),
        ):
            server = NatsServer(config, tmp_path / "mesh")
            with pytest.raises(StartFailed, match=rf"port {port} .* in use") as failure:
                await server.start()
            assert failure.value.param == name
            await server.stop()


async def test_data_directory_in_use_is_refused_and_free_again_after_the_stop(tmp_path: Path) -> None:
    async with running_mesh(tmp_path):
        second = NatsServer(QUICK, tmp_path / "mesh")
        with pytest.raises(StartFailed, match="another Covey is running"):
            await second.start()
    await second.start()
    await second.check()
    await second.stop()
    await second.stop()


async def test_seed_that_others_can_read_fails_the_start(tmp_path: Path) -> None:
    async with running_mesh(tmp_path):
        pass
    (tmp_path / "mesh" / "identities" / "auth.seed").chmod(0o644)
    server = NatsServer(QUICK, tmp_path / "mesh")
    with pytest.raises(StartFailed, match="open to others"):
        await server.start()


async def test_cancelled_start_leaves_no_process_and_no_lock(tmp_path: Path) -> None:
    server = NatsServer(QUICK, tmp_path / "mesh")
    starting = asyncio.create_task(server.start())
    await eventually(lambda: server.process is not None and server.process.pid is not None)
    assert server.process is not None
    pid = server.process.pid
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not Path(f"/proc/{pid}").exists()
    async with running_mesh(tmp_path):
        pass


async def test_server_that_answers_but_does_not_write_is_shown_and_restarted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_mesh(tmp_path) as mesh:
        pid = pid_of(mesh)

        async def no_answer() -> None:
            raise WriteTimedOut

        assert mesh.server._probe is not None
        monkeypatch.setattr(mesh.server._probe, "write", no_answer)
        assert mesh.server.process is not None
        process = mesh.server.process
        await eventually(lambda: process.pid not in (None, pid) and process.state == "running", timeout_s=20.0)
        await eventually(lambda: mesh.server._unanswered_writes > nats_server.WEDGED_AFTER, timeout_s=10.0)
        with pytest.raises(StoreUnavailable, match="does not answer writes"):
            await mesh.server.check()
        assert process.restarts == 1
        monkeypatch.undo()
        await eventually(lambda: is_well(mesh.server), timeout_s=10.0)


async def test_server_without_room_on_the_disk_is_left_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_mesh(tmp_path) as mesh:
        pid = pid_of(mesh)

        async def no_answer() -> None:
            raise WriteTimedOut

        assert mesh.server._probe is not None
        monkeypatch.setattr(nats_server, "FREE_SPACE_BYTES", 2**80)
        monkeypatch.setattr(mesh.server._probe, "write", no_answer)
        await eventually(lambda: mesh.server._unanswered_writes > nats_server.WEDGED_AFTER + 1, timeout_s=10.0)
        assert pid_of(mesh) == pid
        assert await (await mesh.connect("client")).may_publish("rpc.gateway.x")


PARENT = """
import asyncio, sys
from pathlib import Path
from covey.facilities.nats_configuration import NatsServerConfig
from covey.facilities.nats_server import NatsServer

async def main():
    server = NatsServer(NatsServerConfig(), Path(sys.argv[1]))
    await server.start()
    print("pid", server.process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_no_server_is_left_when_covey_is_killed(tmp_path: Path) -> None:
    source = str(Path(nats_server.__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "mesh")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={"PYTHONPATH": source},
    )  # fmt: skip
    assert parent.stdout is not None
    try:
        pid = next(int(line.split()[1]) for line in parent.stdout if line.startswith("pid "))
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 15.0
    while Path(f"/proc/{pid}/fd").exists() and time.monotonic() < deadline:
        if not os.access(f"/proc/{pid}/exe", os.R_OK):
            break
        os.sched_yield()
    assert not os.access(f"/proc/{pid}/exe", os.R_OK)
