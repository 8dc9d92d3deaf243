"""An OpenAI-compatible server that answers at once: the limit that chain benchmarks are measured against.

``python benchmarks/backends/instant_backend.py PORT``. A request with ``"stream": true`` gets as many chunks as
``max_tokens`` says, as many milliseconds apart as ``top_k`` says (0 for none); any other gets one canned answer.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import cast

import uvloop

BODY = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"bench","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"Hello there, how are you?"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":7,"total_tokens":16}}'
)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)
MODELS_BODY = b'{"object":"list","data":[{"id":"bench","object":"model","created":1,"owned_by":"bench"}]}'
MODELS = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(MODELS_BODY),
    MODELS_BODY,
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(choices: bytes, usage: bytes = b"") -> bytes:
    return chunked(
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"bench","choices":'
        + choices + usage + b"}\n\n"
    )  # fmt: skip


DELTA = event(b'[{"index":0,"delta":{"content":" word"},"finish_reason":null}]')
END = event(b'[{"index":0,"delta":{},"finish_reason":"stop"}]')
DONE = chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Backend(asyncio.Protocol):
    """Just enough HTTP/1.1 for a benchmark: keep-alive, content-length bodies."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's transports are no subclasses of asyncio's
        self.buffer = b""
        self.task: asyncio.Task[None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.task is not None:
            self.task.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head_end = self.buffer.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self.buffer[:head_end]
            match = re.search(rb"(?i)content-length: *(\d+)", head)
            length = int(match[1]) if match else 0
            if len(self.buffer) < head_end + 4 + length:
                return
            body = self.buffer[head_end + 4 : head_end + 4 + length]
            self.buffer = self.buffer[head_end + 4 + length :]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            self.transport.write(MODELS)
        elif re.search(rb'"stream": ?true', body):
            tokens = re.search(rb'"max_(?:completion_)?tokens": ?(\d+)', body)
            interval = re.search(rb'"top_k": ?(\d+)', body)
            count = int(tokens[1]) if tokens else 50
            closing = re.search(rb"(?i)connection: *close", head) is not None
            interval_s = int(interval[1]) / 1000 if interval else 0.0
            self.task = asyncio.ensure_future(self.stream(count, interval_s, closing=closing))
        else:
            self.transport.write(ANSWER)

    async def stream(self, count: int, interval_s: float, *, closing: bool) -> None:
        self.transport.write(STREAM_HEAD)
        for _ in range(count):
            if interval_s:
                await asyncio.sleep(interval_s)
            self.transport.write(DELTA)
        usage = b',"usage":{"prompt_tokens":9,"completion_tokens":%d,"total_tokens":%d}' % (count, count + 9)
        self.transport.write(END + event(b"[]", usage) + DONE)
        if closing:
            self.transport.close()


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Backend, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
