"""The child's own work, with a native server that is a plain object, over a real socket pair."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.child import Model, Outbox, batch_tokens, receive_exactly
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
        if body == b"wait":
            self.stopped.set()
            self.go_on.acquire(timeout=10)
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
    bench.model.embed(RunEmbedding(6, (b"x",)))
    assert bench.hear() == messages.WorkStarted(6)


def test_a_native_refusal_is_named_and_its_text_stays_behind(bench: Bench) -> None:
    bench.model.generate(RunGeneration(5, False, b"x"))
    assert [bench.hear() for _ in range(2)] == [messages.WorkStarted(5), WorkRefused(5, "request")]


def test_vectors_come_in_the_order_of_the_texts(bench: Bench) -> None:
    bench.model.embed(RunEmbedding(6, (b"x", b"y")))
    assert [bench.hear() for _ in range(4)] == [
        messages.WorkStarted(6),
        messages.WorkProgress(6),
        messages.WorkProgress(6),
        messages.Vectors(6, ((1.0,), (2.0,), (1.0,), (2.0,)), 8),
    ]


def test_a_text_beyond_the_batch_is_named(bench: Bench) -> None:
    bench.model.embed(RunEmbedding(6, (b"x", b"long")))
    assert [bench.hear() for _ in range(3)] == [
        messages.WorkStarted(6), messages.WorkProgress(6), WorkRefused(6, "batch")
    ]  # fmt: skip


def test_cancelled_texts_end_after_their_portion(bench: Bench) -> None:
    bench.model.embed(RunEmbedding(6, (b"wait", b"x")))
    assert bench.server.stopped.wait(10)
    bench.model.cancel(6)
    bench.server.go_on.release()
    bench.model.embed(RunEmbedding(7, (b"x",)))
    heard = [bench.hear() for _ in range(4)]
    assert not any(isinstance(message, messages.Vectors) and message.work == 6 for message in heard)
    assert messages.Vectors(7, ((1.0,), (2.0,)), 4) in [*heard, bench.hear()]


class FakeLibrary:
    """Devices as the native library lists them."""

    class ggml_backend_dev_type:  # the native library's name
        GGML_BACKEND_DEVICE_TYPE_CPU = 0
        GGML_BACKEND_DEVICE_TYPE_GPU = 1
        GGML_BACKEND_DEVICE_TYPE_IGPU = 2

    def __init__(self, *types: int) -> None:
        self.types = types

    def get_device_info(self) -> list[dict[str, int]]:
        return [{"type": kind} for kind in self.types]


def order(**fields: object) -> messages.LoadModel:
    given: dict[str, object] = {
        "path": "m.gguf", "slots": 4, "context_length": 4096, "batch_tokens": 32, "gpu_batch_tokens": 512, "threads": 2,
        "gpu_layers": -1, "flash_attention": "auto", "embedding": False, "mean_pooling": False,
        "prompt_cache": "account",
        **fields,
    }  # fmt: skip
    return messages.LoadModel(**given)  # type: ignore[arg-type]  # checked by the Struct's own fields


@pytest.mark.parametrize(
    ("fields", "types", "tokens"),
    [
        ({}, (0,), 32),
        ({}, (0, 1), 512),
        ({}, (0, 2), 512),
        ({"gpu_layers": 0}, (0, 1), 32),
        ({"slots": 64}, (0,), 128),
        ({"embedding": True, "batch_tokens": 510}, (0, 1), 510),
    ],
)
def test_a_step_is_as_long_as_the_hardware_is_fast(
    fields: dict[str, object], types: tuple[int, ...], tokens: int
) -> None:
    assert batch_tokens(order(**fields), FakeLibrary(*types)) == tokens
