"""The whole chain against vllm-router and the bare engine: requests per second per core, added latency, CPU per chunk.

``./dev bench chain``. Everything runs on loopback. What is measured is pinned to core 0; the load (wrk) and the instant
backend share core 1. Authentication, authorisation, ranges and usage are on. vllm-router has none of these; it
is the Rust router to compare with, and is installed into .cache/ for the benchmark alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
BODY = {"model": "bench", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
ROLES = ("auth", "processor", "gateway", "client", "bridge")


@dataclass
class Target:
    """Something that answers /v1/chat/completions, and the processes that do it."""

    name: str
    url: str
    pids: list[int]
    key: str = ""


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_s(pids: list[int]) -> float:
    """CPU seconds of the processes and of all their children that are alive."""
    total = 0.0
    for pid in with_children(pids):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return total


def with_children(pids: list[int]) -> list[int]:
    found, queue = [], list(pids)
    while queue:
        pid = queue.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                queue += [int(child) for child in task.read_text().split()]
    return found


def resident_mb(pids: list[int]) -> float:
    total = 0
    for pid in with_children(pids):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total / 1024


@contextlib.contextmanager
def process(command: list[str], *, cores: str, log: Path, environment: dict[str, str] | None = None) -> Iterator[int]:
    """A child on the cores of a list; ended, and awaited, on leaving."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            ["taskset", "-c", cores, *command], stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
    try:
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for(url: str, *, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit(f"{url} did not come up")
        time.sleep(0.05)


def ask(url: str, body: dict[str, Any], bearer: str = "") -> dict[str, Any]:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.loads(answer.read()))


def covey_settings(folder: Path, backend: str, port: int) -> list[str]:
    engine = {"name": "bench", "base_url": f"{backend}/v1"}
    return [
        "--data-dir", str(folder / "data"), "--log-dir", str(folder / "logs"), "--port", str(port),
        "--set", f"engines.openai={json.dumps([engine])}", "--set", "metrics.enabled=false",
        "--set", "log.terminal=off", "--set", "log.level=warning",
    ]  # fmt: skip


def make_key(url: str) -> str:
    account = {"username": "bench", "password": "a long enough phrase"}
    for _ in range(50):  # workers of their own take a moment to know each other
        with contextlib.suppress(urllib.error.HTTPError):
            session = ask(f"{url}/covey/v1/auth/register", account)
            break
        time.sleep(0.2)
    else:
        raise SystemExit("no account could be made")
    return str(ask(f"{url}/covey/v1/keys", {"name": "bench"}, session["access_token"])["secret"])


@contextlib.contextmanager
def covey_in_one_process(folder: Path, backend: str) -> Iterator[Target]:
    port = free_port()
    command = [sys.executable, "-m", "covey", "up", *covey_settings(folder, backend, port)]
    began = time.monotonic()
    with process(command, cores="0", log=folder / "covey.log", environment={"PYTHONPATH": str(ROOT / "src")}) as pid:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz")
        print(
            f"  start to ready {time.monotonic() - began:.2f} s, idle RSS {resident_mb([pid]):.0f} MB with nats-server"
        )
        yield Target("covey, one process", url, [pid], make_key(url))


@contextlib.contextmanager
def covey_in_many_processes(folder: Path, backend: str) -> Iterator[Target]:
    port, mesh_port = free_port(), free_port()
    settings = covey_settings(folder, backend, port)
    environment = {"PYTHONPATH": str(ROOT / "src")}
    with contextlib.ExitStack() as stack:
        base = [sys.executable, "-m", "covey", "up", *settings]
        log = folder / "covey.log"
        mesh = [*base, "--role", "mesh", "--set", f"mesh.server.port={mesh_port}"]
        pids = [stack.enter_context(process(mesh, cores="0", log=log, environment=environment))]
        time.sleep(1.5)
        for role in ROLES:
            command = [*base, "--role", role, "--nats-url", f"nats://127.0.0.1:{mesh_port}"]
            pids.append(stack.enter_context(process(command, cores="0", log=log, environment=environment)))
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz")
        yield Target("covey, a process per worker", url, pids, make_key(url))


@contextlib.contextmanager
def vllm_router(folder: Path, backend: str) -> Iterator[Target]:
    program = ROOT / ".cache" / "vllm-router" / "bin" / "vllm-router"
    if not program.exists():
        environment = program.parents[1]
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        subprocess.run([str(environment / "bin" / "pip"), "install", "-q", "vllm-router==0.1.17"], check=True)
    port, metrics = free_port(), free_port()
    command = [str(program), "--host", "127.0.0.1", "--port", str(port), "--worker-urls", backend,
               "--prometheus-port", str(metrics)]  # fmt: skip
    with process(command, cores="0", log=folder / "vllm-router.log") as pid:
        wait_for(f"http://127.0.0.1:{port}/health")
        yield Target("vllm-router (Rust, no auth)", f"http://127.0.0.1:{port}", [pid])


def wrk(target: Target, folder: Path, *, connections: int, seconds: float) -> dict[str, float]:
    """Requests per second, latency in ms, and requests per second of CPU of the measured processes."""
    script = folder / "post.lua"
    bearer = f'wrk.headers["authorization"]="Bearer {target.key}"\n' if target.key else ""
    script.write_text(
        f"wrk.method='POST'\nwrk.body='{json.dumps(BODY)}'\nwrk.headers['content-type']='application/json'\n{bearer}"
    )
    before = cpu_s(target.pids)
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}", "--latency", "-s"]
    command += [str(script), f"{target.url}/v1/chat/completions"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    spent = cpu_s(target.pids) - before
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if bad:
        raise SystemExit(f"{target.name}: {bad[1]} answers were errors")
    requests = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec: +([\d.]+)", output)[1])  # type: ignore[index]
    percentile = {name: milliseconds(re.search(rf"{name}% +([\d.]+\w+)", output)[1]) for name in ("50", "99")}  # type: ignore[index]
    return {"rate": rate, "p50": percentile["50"], "p99": percentile["99"], "per_core": requests / max(spent, 0.01)}


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


async def stream_once(url: str, key: str, tokens: int, interval_ms: int) -> int:
    """Read one stream raw; the number of its tokens, several of which may share an event."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({**BODY, "stream": True, "max_tokens": tokens, "top_k": interval_ms}).encode()
    bearer = f"authorization: Bearer {key}\r\n" if key else ""
    writer.write(
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n{bearer}"
        f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    parts = []
    while data := await reader.read(65536):
        parts.append(data)
    writer.close()
    return b"".join(parts).count(b" word")


async def streams(url: str, key: str, *, number: int, tokens: int, interval_ms: int) -> int:
    return sum(await asyncio.gather(*(stream_once(url, key, tokens, interval_ms) for _ in range(number))))


def cpu_per_chunk_us(target: Target, *, number: int = 50, tokens: int = 200, interval_ms: int = 10) -> float:
    """CPU of the measured processes per streamed chunk, paced as a model is, the request's own cost included."""
    before = cpu_s(target.pids)
    reading = streams(target.url, target.key, number=number, tokens=tokens, interval_ms=interval_ms)
    chunks = asyncio.run(asyncio.wait_for(reading, 60))
    if chunks != number * tokens:
        raise SystemExit(f"{target.name}: {chunks} of {number * tokens} chunks arrived")
    return (cpu_s(target.pids) - before) / chunks * 1e6


def measure(target: Target, folder: Path, figures: dict[str, list[float]], seconds: float) -> None:
    """One round, added to ``figures``."""
    loaded = wrk(target, folder, connections=32, seconds=seconds)
    alone = wrk(target, folder, connections=1, seconds=max(1.0, seconds / 2))
    for name in ("rate", "per_core", "p50", "p99"):
        figures[name].append(loaded[name])
    figures["p50_one"].append(alone["p50"])
    figures["chunk_us"].append(cpu_per_chunk_us(target))


def show(name: str, figures: dict[str, list[float]]) -> None:
    def median(key: str) -> str:
        values = figures[key]
        return f"{statistics.median(values):.5g} [{min(values):.5g}–{max(values):.5g}]"

    print(f"  {name}")
    print(f"    at 32: requests/s {median('rate')}, per CPU second {median('per_core')}")
    print(f"           p50 {median('p50')} ms, p99 {median('p99')} ms; at 1: p50 {median('p50_one')} ms")
    print(f"    CPU per streamed chunk {median('chunk_us')} µs", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", choices=["one", "many", "router", "bare"], action="append")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed (Debian package wrk)")
    os.sched_setaffinity(0, {1})
    makers = {"router": vllm_router, "one": covey_in_one_process, "many": covey_in_many_processes}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        backend = f"http://127.0.0.1:{port}"
        program = [sys.executable, str(ROOT / "benchmarks" / "backends" / "instant_backend.py"), str(port)]
        backend_pid = stack.enter_context(process(program, cores="1", log=folder / "backend.log"))
        wait_for(f"{backend}/v1/models")
        targets: dict[str, Target] = {}
        if not options.only or "bare" in options.only:
            targets["bare"] = Target("bare backend", backend, [backend_pid])
        for kind, maker in makers.items():
            if not options.only or kind in options.only:
                (folder / kind).mkdir()
                targets[kind] = stack.enter_context(maker(folder / kind, backend))
        compare(targets, folder, options.rounds, options.seconds)


def compare(targets: dict[str, Target], folder: Path, rounds: int, seconds: float) -> None:
    """All targets by turns, so that a machine whose speed drifts is as slow for one as for the other."""
    results: dict[str, dict[str, list[float]]] = {kind: defaultdict(list) for kind in targets}
    for target in targets.values():
        wrk(target, folder, connections=16, seconds=1)
    for _ in range(rounds):
        for kind, target in targets.items():
            measure(target, folder, results[kind], seconds)
    for kind, target in targets.items():
        show(target.name, results[kind])
    if {"router", "one"} <= results.keys():
        pairs = zip(results["one"]["per_core"], results["router"]["per_core"], strict=True)
        ratios = [covey / router for covey, router in pairs]
        print(
            "  requests per CPU second, covey in one process / vllm-router, round by round: "
            f"{statistics.median(ratios):.2f} [{min(ratios):.2f}–{max(ratios):.2f}]"
        )


if __name__ == "__main__":
    main()
