"""What the type checker has to accept and to refuse of endpoints, services and the bus."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

HEAD = """
from collections.abc import AsyncIterator
from covey.protocol.endpoint import Endpoint, Message, StreamEndpoint
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.rpc.local import LocalBus
from covey.rpc.node import RpcNode
from covey.rpc.service import Service, serves, streams

class Ask(Message, frozen=True, kw_only=True): ...
class Answer(Message, frozen=True, kw_only=True):
    text: str = ""
class Other(Message, frozen=True, kw_only=True): ...

ASK = Endpoint("gateway.ask", Ask, Answer)
LISTEN: StreamEndpoint[Ask, Answer] = StreamEndpoint("gateway.listen", Ask, Answer)
"""

RIGHT = """
class Gateway(Service):
    service = "gateway"
    @serves(ASK)
    async def ask(self, request: Ask, context: CallContext) -> Answer:
        return Answer()
    @streams(LISTEN)
    async def listen(self, request: Ask, context: CallContext) -> AsyncIterator[Answer]:
        yield Answer()

async def use(bus: Bus, node: RpcNode, local: LocalBus, context: CallContext) -> str:
    both: list[Bus] = [node, local]
    answer = await bus.call(ASK, Ask(), context)
    async for item in bus.stream(LISTEN, Ask(), context):
        answer = item
    return answer.text
"""

WRONG = """
class Gateway(Service):
    service = "gateway"
    @serves(ASK)
    async def request(self, request: Other, context: CallContext) -> Answer:  # WRONG
        return Answer()
    @serves(ASK)
    async def response(self, request: Ask, context: CallContext) -> Other:  # WRONG
        return Other()
    @streams(LISTEN)
    async def item(self, request: Ask, context: CallContext) -> AsyncIterator[Other]:  # WRONG
        yield Other()

async def use(bus: Bus, context: CallContext) -> None:
    await bus.call(ASK, Other(), context)  # WRONG
    other: Other = await bus.call(ASK, Ask(), context)  # WRONG
    bus.stream(ASK, Ask(), context)  # WRONG
    await bus.call(ASK, Ask())  # WRONG
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def lines_refused(text: str, folder: Path, cache: Path) -> set[int]:
    path = folder / "snippet.py"
    path.write_text(text)
    source = str(Path(__file__).resolve().parents[2] / "src")
    report, errors, _ = api.run(["--config-file", str(config(folder, source)), "--cache-dir", str(cache), str(path)])
    assert errors == ""
    return {int(line.split(":")[1]) for line in report.splitlines() if ": error:" in line}


def config(folder: Path, source: str) -> Path:
    path = folder / "mypy.ini"
    path.write_text(f"[mypy]\nstrict = True\nmypy_path = {source}\nfollow_imports = silent\n")
    return path


def test_right_use_is_accepted(tmp_path: Path, cache: Path) -> None:
    assert lines_refused(HEAD + RIGHT, tmp_path, cache) == set()


def test_each_wrong_use_is_refused(tmp_path: Path, cache: Path) -> None:
    text = HEAD + WRONG
    decorators = {number - 1 for number, line in enumerate(text.splitlines(), 1) if "def" in line and "# WRONG" in line}
    others = {number for number, line in enumerate(text.splitlines(), 1) if "def" not in line and "# WRONG" in line}
    assert lines_refused(text, tmp_path, cache) == decorators | others
