"""Hostile engines and hungry neighbours, seen from a whole node: D10, D11, D12, D14, D16, D18, D19."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import openai
import pytest
import urllib3

from covey.testing.fake_backend import Behaviour, FakeBackend
from tests.end_to_end.journey import detached, read_events, running
from tests.helpers.backend_thread import running_backend
from tests.helpers.covey_process import CoveyProcess, eventually_true, one_process
from tests.helpers.platform_client import PlatformClient

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

INJECTIONS = (
    "\n\ndata: [DONE]\n\n", "\r\ndata: {}\r\n\r\n", "\r", "event: x\ndata: y\n\n", "\u2028\u2029\x85", "id: 7\n\n",
    '"}]}\n{"done":true}\n', "data: [DONE]", "</script><!--", ": comment\n\n",
)  # fmt: skip
LIMIT = 40


@pytest.fixture(scope="module")
def backend() -> Iterator[FakeBackend]:
    with running_backend() as running_one:
        yield running_one


@pytest.fixture
def hostile(backend: FakeBackend) -> Iterator[FakeBackend]:
    """The backend, well-behaved again afterwards."""
    yield backend
    backend.behaviour = Behaviour()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, backend: FakeBackend) -> Iterator[CoveyProcess]:
    values: dict[str, Any] = {
        "engines.openai": [{"name": "upstream", "base_url": f"{backend.url}/v1",
                            "models": [{"name": "remote", "upstream": "sample"}]}],
        "engines.sample": [
            {"name": "narrow", "models": ["narrow"], "tokens": 10, "tokens_per_second": 50, "slots": 1},
            {"name": "endless", "models": ["endless"], "tokens": 1_000_000, "tokens_per_second": 20, "slots": 4},
            {"name": "quick", "models": ["quick"], "tokens": 1_000_000, "slots": 4, "context_length": 100_000_000},
        ],
        "processor.max_tokens_limit": LIMIT, "processor.generation_timeout_s": 1.0,
    }  # fmt: skip
    with one_process(tmp_path_factory.mktemp("node"), **values) as running_node:
        yield running_node


@pytest.fixture(scope="module")
def admin(node: CoveyProcess) -> Iterator[PlatformClient]:
    client = PlatformClient(node.url).register("robin")
    yield client
    client.close()


@pytest.fixture
def member(node: CoveyProcess, admin: PlatformClient) -> Iterator[PlatformClient]:
    client = PlatformClient(node.url).register(f"member-{uuid4().hex[:10]}")
    yield client
    client.close()


def chat(model: str = "remote", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}


def stream_of(client: PlatformClient, body: dict[str, Any]) -> bytes:
    headers = {"authorization": f"Bearer {client.bearer}", "content-type": "application/json"}
    answer = urllib3.request(
        "POST", f"{client.url}/v1/chat/completions", body=json.dumps({**body, "stream": True}).encode(),
        headers=headers, retries=False, timeout=30.0,
    )  # fmt: skip
    assert answer.status == 200, answer.data
    return answer.data


def billed(client: PlatformClient, requests: int = 1) -> int:
    """Completion tokens on the bill, once so many requests are on it."""
    eventually_true(
        lambda: client.must("GET", "/covey/v1/usage")["total"]["requests"] == requests, what=f"{requests} on the bill"
    )
    return int(client.must("GET", "/covey/v1/usage")["total"]["completion_tokens"])


def test_d10_text_that_looks_like_framing_arrives_as_text(hostile: FakeBackend, member: PlatformClient) -> None:
    hostile.behaviour = Behaviour(pieces=INJECTIONS)
    text = stream_of(member, chat())
    lines = text.decode().replace("\r", "CR").split("\n")
    assert all(line == "" or line.startswith("data: ") for line in lines), lines
    assert lines.count("data: [DONE]") == 1
    with openai.OpenAI(base_url=f"{member.url}/v1", api_key=member.bearer, max_retries=0) as client:
        chunks = list(client.chat.completions.create(
            model="remote", messages=[{"role": "user", "content": "hi"}], stream=True,
        ))  # fmt: skip
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "".join(INJECTIONS)
    generation = member.must("POST", "/covey/v1/generations", detached("hi", model="remote"))
    events = read_events(member, f"/covey/v1/generations/{generation['generation_id']}/events")
    assert "".join(event.get("text", "") for _, event in events) == "".join(INJECTIONS)


def test_d10_an_error_that_looks_like_framing_ends_the_stream_once(
    hostile: FakeBackend, member: PlatformClient
) -> None:
    hostile.behaviour = Behaviour(error_after=2, error="\n\ndata: [DONE]\n\nevent: execute\ndata: alert(1)\n\n")
    lines = stream_of(member, chat()).decode().split("\n")
    assert all(line == "" or line.startswith(("data: ", "event: error")) for line in lines), lines
    assert "event: execute" not in lines
    assert any('"error"' in line for line in lines)


HOSTILE = {
    "redirect": Behaviour(status=302, headers=("location: http://127.0.0.1:9/x",)),
    "endless line": Behaviour(body=b"data: " + b"x" * 20_000_000),
    "html": Behaviour(body=b"<html>canary-page</html>", content_type="text/html"),
    "packed": Behaviour(body=b"\x1f\x8b\x08" + b"\0" * 1000, headers=("content-encoding: gzip",)),
    "no json": Behaviour(body=b"data: canary-page\n\n"),
    "cut": Behaviour(tokens=5, ending="half_event"),
    "no end": Behaviour(tokens=5, ending="no_finish", stream_always=True),
    "server error": Behaviour(status=500, body=b"canary-page at /srv/secret http://10.0.0.1"),
    "unauthorized": Behaviour(status=401, body=b'{"error":{"message":"canary-page sk-upstream"}}'),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_d11_a_hostile_engine_is_an_error_by_name_and_nothing_of_it_gets_through(
    hostile: FakeBackend, node: CoveyProcess, member: PlatformClient, kind: str
) -> None:
    hostile.behaviour = HOSTILE[kind]
    status, answer = member.ask("POST", "/v1/chat/completions", chat())
    assert status in (502, 503), answer
    assert answer["error"]["code"].startswith("backend"), answer
    for private in ("canary-page", "secret", "10.0.0.1", "sk-upstream", hostile.url):
        assert private not in json.dumps(answer)
    hostile.behaviour = Behaviour(tokens=4)
    eventually_true(lambda: member.ask("POST", "/v1/chat/completions", chat())[0] == 200, what="service afterwards")


def test_d11_headers_and_events_of_the_engine_stay_behind(hostile: FakeBackend, member: PlatformClient) -> None:
    hostile.behaviour = Behaviour(
        headers=("set-cookie: canary=1", "x-canary: 1", "access-control-allow-origin: *"),
        tool_calls=(("run", '{"command":"canary"}'),), tokens=2,
    )  # fmt: skip
    headers = {"authorization": f"Bearer {member.bearer}", "content-type": "application/json"}
    answer = urllib3.request(
        "POST", f"{member.url}/v1/chat/completions", body=json.dumps(chat()).encode(), headers=headers, retries=False
    )
    assert "canary" not in json.dumps(dict(answer.headers)) + answer.data.decode()
    assert not {"set-cookie", "access-control-allow-origin"} & {name.lower() for name in answer.headers}


@pytest.mark.parametrize(
    "lie",
    [{"completion_tokens": 1}, {"completion_tokens": 0}, {"completion_tokens": -5}, {"completion_tokens": 30_000},
     {"completion_tokens": "many"}, {"completion_tokens": 2**63}],
)  # fmt: skip
def test_d14_the_bill_is_what_passed(hostile: FakeBackend, member: PlatformClient, lie: dict[str, Any]) -> None:
    hostile.behaviour = Behaviour(tokens=30, usage=lie)
    stream_of(member, chat())
    assert billed(member) == 30


def test_d14_what_the_client_says_of_usage_is_not_believed(hostile: FakeBackend, member: PlatformClient) -> None:
    hostile.behaviour = Behaviour(tokens=12)
    member.ask("POST", "/v1/chat/completions", chat(usage={"completion_tokens": 1}))
    assert billed(member) == 12


def test_d16_who_leaves_pays_for_what_was_made_and_the_slot_is_free(
    hostile: FakeBackend, member: PlatformClient
) -> None:
    hostile.behaviour = Behaviour(tokens=LIMIT, interval_s=0.02)
    began = len(hostile.streams)
    body = json.dumps({**chat(), "stream": True}).encode()
    headers = {"authorization": f"Bearer {member.bearer}", "content-type": "application/json"}
    for _ in range(5):
        pool = urllib3.PoolManager(retries=False, timeout=30.0)
        answer = pool.request(
            "POST", f"{member.url}/v1/chat/completions", body=body, headers=headers, preload_content=False
        )
        seen = b""
        while seen.count(b'"content"') < 4:
            seen += answer.read1(4096)
        answer.close()
        pool.clear()
    paid = billed(member, 5)
    eventually_true(lambda: all(one.closed_by_client or one.ended for one in hostile.streams[began:]), what="the end")
    streams = hostile.streams[began:]
    assert len(streams) == 5
    assert 5 * 3 <= paid <= sum(one.tokens for one in streams) < 5 * LIMIT
    assert running(member, "remote") == 0


def test_d16_a_stopped_detached_generation_is_paid_for(hostile: FakeBackend, member: PlatformClient) -> None:
    hostile.behaviour = Behaviour(tokens=LIMIT, interval_s=0.02)
    generation = member.must("POST", "/covey/v1/generations", detached("x", model="remote"))
    path = f"/covey/v1/generations/{generation['generation_id']}"
    eventually_true(lambda: member.must("GET", path)["events"] >= 5, what="some events")
    member.must("DELETE", path)
    assert 3 <= billed(member) < LIMIT


def test_d18_one_persons_many_requests_do_not_hold_up_anothers(
    node: CoveyProcess, admin: PlatformClient, member: PlatformClient
) -> None:
    """One slot, 0.2 s an answer, fifteen from one person: another one's waits for the answer under way, not for all."""
    other = PlatformClient(node.url).register(f"other-{uuid4().hex[:10]}")
    ended: list[str] = []
    gate = threading.Lock()

    def ask(client: PlatformClient, name: str) -> None:
        client.must("POST", "/v1/chat/completions", chat("narrow"))
        with gate:
            ended.append(name)

    with ThreadPoolExecutor(20) as pool:
        crowd = [pool.submit(ask, PlatformClient(node.url, member.bearer), "crowd") for _ in range(15)]
        eventually_true(lambda: queued(member, "narrow") >= 12, what="the queue")
        already = len(ended)
        pool.submit(ask, other, "other").result(30)
        assert ended.index("other") - already <= 3, ended
        for one in crowd:
            one.result(60)
    other.close()


def queued(client: PlatformClient, model: str) -> int:
    items = client.must("GET", "/covey/v1/running")["items"]
    return sum(item["waiting"] for item in items if item["model"]["name"] == model)


def test_d19_an_answer_without_end_ends_at_the_token_limit(member: PlatformClient) -> None:
    for more in ({}, {"max_tokens": 32_768}, {"max_tokens": 32_768, "ignore_eos": True}):
        answer = member.must("POST", "/v1/chat/completions", chat("quick", **more))
        assert answer["usage"]["completion_tokens"] == LIMIT
        assert answer["choices"][0]["finish_reason"] == "length"


def test_d19_a_slow_answer_without_end_ends_by_the_clock(member: PlatformClient) -> None:
    began = time.monotonic()
    status, answer = member.ask("POST", "/v1/chat/completions", chat("endless"))
    assert status == 504, answer
    assert 0.9 <= time.monotonic() - began < 10
    assert running(member, "endless") == 0


def test_d12_the_same_prompt_of_two_people_is_generated_twice(
    backend: FakeBackend, node: CoveyProcess, member: PlatformClient
) -> None:
    """Covey keeps no answers: whoever asks, the engine is asked."""
    other = PlatformClient(node.url).register(f"other-{uuid4().hex[:10]}")
    before = len(backend.generations())
    for caller in (member, other, member):
        caller.must("POST", "/v1/chat/completions", chat(messages=[{"role": "user", "content": "the same"}]))
    asked = backend.generations()[before:]
    assert len(asked) == 3
    assert member.must("GET", "/covey/v1/me")["id"] not in json.dumps([one.body for one in asked])
    other.close()


def test_d12_an_idempotency_key_of_one_person_repeats_nothing_to_another(
    backend: FakeBackend, node: CoveyProcess, member: PlatformClient
) -> None:
    other = PlatformClient(node.url).register(f"other-{uuid4().hex[:10]}")
    before = len(backend.generations())
    same = {"idempotency-key": "shared-0123456789"}
    first = member.must("POST", "/v1/chat/completions", chat(max_tokens=3), **same)
    theirs = other.must("POST", "/v1/chat/completions", chat(max_tokens=3), **same)
    again = member.must("POST", "/v1/chat/completions", chat(max_tokens=3), **same)
    assert first["id"] != theirs["id"]
    assert again["choices"] == first["choices"]
    assert len(backend.generations()) == before + 2
    other.close()
