"""The bridge alone: its CPU per request and per streamed chunk, over the bare server that it stands on.

``python benchmarks/bridge.py``. A child process runs uvloop with a bridge and an instant client worker on the local
bus; wrk loads it from the other core. The same is done with an application that answers a constant on the same
server: the difference is what the bridge adds. Rounds alternate; the median is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CHUNKS = 200
BODY = {"model": "bench", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10, "temperature": 0.7}


def serve(kind: str) -> None:
    """In the child: print the port, then serve until killed."""
    import uvloop

    uvloop.run(_serve(kind))


async def _serve(kind: str) -> None:
    from prometheus_client import CollectorRegistry

    from covey.bridge import Bridge, BridgeConfig
    from covey.bridge.metrics import BridgeMetrics
    from covey.bridge.server import BridgeServer
    from covey.protocol.ids import InstanceId, NodeName
    from covey.protocol.inference import (
        CLIENT_GENERATE,
        Delta,
        Finished,
        GenerationEvent,
        Started,
        StartGeneration,
        Usage,
    )
    from covey.protocol.registry import InstanceInfo
    from covey.rpc.context import CallContext
    from covey.rpc.local import LocalBus
    from covey.rpc.service import Service, streams
    from covey.runtime.clock import SystemClock

    config = BridgeConfig(port=0)
    if kind.startswith("bare"):
        server = BridgeServer(
            bare_stream if kind == "bare_stream" else bare, config, BridgeMetrics(CollectorRegistry())
        )
        await server.start()
        print(f"port {server.port}", flush=True)
    else:
        started = Started(model=BODY["model"], node=NodeName("n"))  # type: ignore[arg-type]
        delta, end = Delta(text=" token"), Finished(reason="stop", usage=Usage(prompt_tokens=5, completion_tokens=2))

        class Instant(Service):
            """As little as a client worker can be."""

            service = "client"

            @streams(CLIENT_GENERATE)
            async def generate(self, request: StartGeneration, context: CallContext) -> AsyncIterator[GenerationEvent]:
                yield started
                for _ in range(CHUNKS if kind == "stream" else 1):
                    yield delta
                yield end

        worker = Instant()
        bus = LocalBus()
        await bus.serve(
            worker, lambda: InstanceInfo(service="client", instance=InstanceId("client-1"), node=NodeName("n"))
        )
        bridge = Bridge(
            config, bus, SystemClock(), CollectorRegistry(), instance=InstanceId("bridge-1"), node=NodeName("n")
        )
        await bridge.start()
        print(f"port {bridge.port}", flush=True)
    await asyncio.Event().wait()


ANSWER = b'{"id":"chatcmpl-x","object":"chat.completion","choices":[{"message":{"content":" token"}}]}' * 3
CHUNK = b'data: {"id":"chatcmpl-x","object":"chat.completion.chunk","choices":[{"delta":{"content":" token"}}]}\n\n' * 2


async def bare(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def bare_stream(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for _ in range(CHUNKS):
        await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


class Child:
    def __init__(self, kind: str) -> None:
        command = [sys.executable, __file__, "--serve", kind]
        self.kind = kind
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(self.process.pid, {0})
        assert self.process.stdout is not None
        self.port = next(int(line[5:]) for line in self.process.stdout if line.startswith("port "))
        self.results: list[tuple[float, float]] = []

    def measure(self, seconds: float, script: str) -> None:
        url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        before, began = cpu_s(self.process.pid), time.perf_counter()
        found = subprocess.run(
            ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{int(seconds)}s", "-s", script, url],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        match = re.search(r"(\d+) requests in", found)
        assert match is not None, found
        assert "Non-2xx" not in found, found
        requests = int(match[1])
        self.results.append(
            ((cpu_s(self.process.pid) - before) / requests * 1e6, requests / (time.perf_counter() - began))
        )


def run(seconds: float, rounds: int) -> None:
    children = [Child(kind) for kind in ("bare", "whole", "bare_stream", "stream")]
    try:
        with tempfile.TemporaryDirectory() as folder:
            scripts = {}
            for child in children:
                body = BODY | ({"stream": True} if "stream" in child.kind else {})
                script = Path(folder) / f"{child.kind}.lua"
                script.write_text(
                    'wrk.method="POST"\nwrk.headers["authorization"]="Bearer sk-covey-test"\n'
                    f'wrk.headers["content-type"]="application/json"\n'
                    f"wrk.body=[[{json.dumps(body)}]]\n"
                )
                scripts[child.kind] = str(script)
                request = urllib.request.Request(
                    f"http://127.0.0.1:{child.port}/v1/chat/completions",
                    json.dumps(body).encode(),
                    {"authorization": "Bearer sk-covey-test"},
                )
                urllib.request.urlopen(request).read()
            for number in range(rounds + 1):
                for child in children:
                    child.measure(1.0 if number == 0 else seconds, scripts[child.kind])
        report(children)
    finally:
        for child in children:
            child.process.kill()
            child.process.wait()


def report(children: list[Child]) -> None:
    medians = {}
    for child in children:
        cpu = [result[0] for result in child.results[1:]]
        rate = statistics.median(result[1] for result in child.results[1:])
        medians[child.kind] = statistics.median(cpu)
        print(
            f"{child.kind:12} {rate:9.0f} requests/s  {medians[child.kind]:8.1f} µs CPU ({min(cpu):.1f}–{max(cpu):.1f})"
        )
    print(f"the bridge adds {medians['whole'] - medians['bare']:.1f} µs CPU to a request")
    print(f"a chunk costs {(medians['stream'] - medians['whole']) / (CHUNKS - 1):.2f} µs CPU in all,")
    print(f"of which the bare server takes {(medians['bare_stream'] - medians['bare']) / (CHUNKS - 1):.2f} µs")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    else:
        run(arguments.seconds, arguments.rounds)


if __name__ == "__main__":
    main()
