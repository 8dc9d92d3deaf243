"""CPU per small exchange and per streamed chunk: our HTTP client, aiohttp, and the whole engine, in the same run.

``PYTHONPATH=src python benchmarks/upstream.py [ROUNDS]``. The server is ``backends/instant_backend.py`` in a process
of its own; what is measured is the CPU time of this process. Streams come one chunk per millisecond: each chunk is a
wake-up. The bare protocol is the floor: what the event loop and the kernel take for a chunk that nobody looks at.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import uvloop

from covey.backends.http import HttpPool
from covey.backends.openai import OpenAICompatibleEngine, OpenAIConfig
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import ChatMessage, Delta, Generate, Sampling

EXCHANGES = 4000
CONCURRENCY = 16
STREAMS = 16
CHUNKS = 400
BODY = {"model": "bench", "messages": [{"role": "user", "content": "Hello there, how are you?"}]}
SMALL = json.dumps(BODY).encode()
LONG = json.dumps({**BODY, "stream": True, "max_tokens": CHUNKS, "top_k": 1}).encode()
REQUEST = Generate(
    model=ModelName("bench"),
    messages=(ChatMessage(role="user", content="Hello there, how are you?"),),
    sampling=Sampling(max_tokens=CHUNKS, top_k=1),
)
Measured = Callable[[str], Awaitable[float]]


async def cpu_of(work: Callable[[], Awaitable[int]]) -> float:
    """Microseconds of CPU per thing that ``work`` says it did."""
    before = time.process_time()
    done = await work()
    return (time.process_time() - before) / done * 1e6


async def spread(job: Callable[[], Awaitable[int]], times: int, at_once: int) -> int:
    async def lane() -> int:
        return sum([await job() for _ in range(times // at_once)])

    return sum(await asyncio.gather(*(lane() for _ in range(at_once))))


async def ours_small(url: str) -> float:
    pool = HttpPool(url)

    async def job() -> int:
        response = await pool.send("POST", "/v1/chat/completions", SMALL)
        await response.read(100_000)
        response.close()
        return 1

    cost = await cpu_of(lambda: spread(job, EXCHANGES, CONCURRENCY))
    await pool.close()
    return cost


async def aiohttp_small(url: str) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def job() -> int:
            async with session.post(
                f"{url}/v1/chat/completions", data=SMALL, headers={"content-type": "application/json"}
            ) as response:
                await response.read()
            return 1

        return await cpu_of(lambda: spread(job, EXCHANGES, CONCURRENCY))


async def ours_chunks(url: str) -> float:
    pool = HttpPool(url)

    async def job() -> int:
        response = await pool.send("POST", "/v1/chat/completions", LONG)
        while await response.chunk():
            pass
        response.close()
        return CHUNKS

    cost = await cpu_of(lambda: spread(job, STREAMS, STREAMS))
    await pool.close()
    return cost


async def aiohttp_chunks(url: str) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def job() -> int:
            async with session.post(
                f"{url}/v1/chat/completions", data=LONG, headers={"content-type": "application/json"}
            ) as response:
                async for _ in response.content.iter_any():
                    pass
            return CHUNKS

        return await cpu_of(lambda: spread(job, STREAMS, STREAMS))


class Bare(asyncio.Protocol):
    """Counts what comes in and does nothing with it: what the loop and the kernel cost by themselves."""

    def __init__(self) -> None:
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"0\r\n\r\n"):
            self.ended.set_result(None)


async def bare_chunks(url: str) -> float:
    loop = asyncio.get_running_loop()

    async def job() -> int:
        transport, protocol = await loop.create_connection(Bare, "127.0.0.1", int(url.rpartition(":")[2]))
        transport.write(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s" % (len(LONG), LONG))
        await protocol.ended
        transport.close()
        return CHUNKS

    return await cpu_of(lambda: spread(job, STREAMS, STREAMS))


async def engine_chunks(url: str) -> float:
    engine = OpenAICompatibleEngine(OpenAIConfig(name="bench", base_url=f"{url}/v1"))
    await engine.start()

    async def job() -> int:
        deltas = 0
        async for event in engine.generate(REQUEST, RequestId("req_1")):
            deltas += isinstance(event, Delta)
        assert deltas == CHUNKS
        return deltas

    cost = await cpu_of(lambda: spread(job, STREAMS, STREAMS))
    await engine.close()
    return cost


async def engine_requests(url: str) -> float:
    """Whole generations of one token, as a request costs them."""
    engine = OpenAICompatibleEngine(OpenAIConfig(name="bench", base_url=f"{url}/v1"))
    await engine.start()
    request = Generate(model=REQUEST.model, messages=REQUEST.messages, sampling=Sampling(max_tokens=1))

    async def job() -> int:
        async for _ in engine.generate(request, RequestId("req_1")):
            pass
        return 1

    cost = await cpu_of(lambda: spread(job, EXCHANGES, CONCURRENCY))
    await engine.close()
    return cost


MEASURED: dict[str, Measured] = {
    "exchange, ours": ours_small,
    "exchange, aiohttp": aiohttp_small,
    "chunk, bare protocol": bare_chunks,
    "chunk, ours": ours_chunks,
    "chunk, aiohttp": aiohttp_chunks,
    "chunk, whole engine": engine_chunks,
    "generation of 1 token, whole engine": engine_requests,
}


async def measure(url: str, rounds: int) -> None:
    found: dict[str, list[float]] = {name: [] for name in MEASURED}
    for round_number in range(rounds + 1):
        for name, run in MEASURED.items():
            cost = await run(url)
            if round_number:  # the first round only warms up
                found[name].append(cost)
    for name, costs in found.items():
        print(f"{name:36} {statistics.median(costs):7.1f} µs CPU  [{min(costs):.1f} to {max(costs):.1f}]")
    for what in ("exchange", "chunk"):
        ratio = statistics.median(found[f"{what}, aiohttp"]) / statistics.median(found[f"{what}, ours"])
        print(f"{what}: aiohttp costs {ratio:.1f} times ours")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "backends" / "instant_backend.py"), str(port)]
    )
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        uvloop.run(measure(f"http://127.0.0.1:{port}", rounds))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
