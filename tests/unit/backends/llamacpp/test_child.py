"""The child's own work, with a native server that is a plain object, over a real socket pair."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.child import Model, Outbox, receive_exactly
from covey.backends.llamacpp.messages import FromChild, Piece, RunEmbedding, RunGeneration, WorkDone, WorkRefused

pytestmark = pytest.mark.sockets


class FakeServer:
    """Sends one chunk for each word of the body, and waits before each for leave to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)
        self.stopped = threading.Event()

    def handle_chat_completions(self, body: bytes, receive: Callable[[bytes], bool]) -> None:
        for word in body.split():
            self.go_on.acquire(timeout=10)
            if receive(msgspec.json.encode({"choices": [{"index": 0, "delta": {"content": word.decode()}}]})):
                self.stopped.set()
                return
        receive(msgspec.json.encode({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                                     "timings": {"prompt_n": 2, "predicted_n": 3}}))  # fmt: skip

    def handle_completions(self, body: bytes, receive: Callable[[bytes], bool]) -> None:
        raise ValueError("a text that may quote the prompt")

    def handle_embeddings(self, body: bytes) -> bytes:
        if body == b"long":
            return msgspec.json.encode({"error": {"code": 500, "message": "too large"}})
        data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
        return msgspec.json.encode({"data": data, "usage": {"prompt_tokens": 4}})


class Bench:
    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.settimeout(10)
        self.server = FakeServer()
        self.model = Model(self.server, Outbox(self.far), 2)
        self._heard: list[FromChild] = []

    def hear(self) -> FromChild:
        if not self._heard:
            (length,) = messages.LENGTH.unpack(receive_exactly(self.near, 4))
            self._heard = list(messages.from_child_decoder.decode(receive_exactly(self.near, length)))
        return self._heard.pop(0)


@pytest.fixture
def bench() -> Iterator[Bench]:
    found = Bench()
    yield found
    found.near.close()
    found.far.close()


def test_a_generation_is_told_piece_by_piece(bench: Bench) -> None:
    bench.server.go_on.release(2)
    bench.model.generate(RunGeneration(5, True, b"one two"))
    heard = [bench.hear() for _ in range(4)]
    assert heard == [
        messages.WorkStarted(5),
        Piece(5, text="one"),
        Piece(5, text="two"),
        WorkDone(5, "stop", 2, 3, 0, None, None),
    ]


def test_cancelled_work_stops_at_the_next_token_and_says_no_more(bench: Bench) -> None:
    bench.server.go_on.release(1)
    bench.model.generate(RunGeneration(5, True, b"one two three"))
    assert [bench.hear() for _ in range(2)] == [messages.WorkStarted(5), Piece(5, text="one")]
    bench.model.cancel(5)
    bench.server.go_on.release(1)
    assert bench.server.stopped.wait(10)
    bench.model.embed(RunEmbedding(6, b"x"))
    assert bench.hear() == messages.WorkStarted(6)


def test_a_native_refusal_is_named_and_its_text_stays_behind(bench: Bench) -> None:
    bench.model.generate(RunGeneration(5, False, b"x"))
    assert [bench.hear() for _ in range(2)] == [messages.WorkStarted(5), WorkRefused(5, "request")]


def test_vectors_come_in_the_order_of_the_texts(bench: Bench) -> None:
    bench.model.embed(RunEmbedding(6, b"x"))
    assert [bench.hear() for _ in range(2)] == [
        messages.WorkStarted(6), messages.Vectors(6, ((1.0,), (2.0,)), 4)
    ]  # fmt: skip


def test_a_text_beyond_the_batch_is_named(bench: Bench) -> None:
    bench.model.embed(RunEmbedding(6, b"long"))
    assert [bench.hear() for _ in range(2)] == [messages.WorkStarted(6), WorkRefused(6, "batch")]
