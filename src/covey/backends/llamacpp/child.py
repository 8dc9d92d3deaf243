"""The child process: one model, loaded by the native library, working for the engine at the other end of a socket.

    python -m covey.backends.llamacpp.child <file descriptor>

Its life is that of the socket: when the engine's end closes, it ends at once. It writes nothing to disk.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from covey.backends.llamacpp import messages
from covey.backends.llamacpp.library import import_library
from covey.backends.llamacpp.messages import FromChild
from covey.backends.llamacpp.native_chunks import AnswerReader, decode_vectors, embedding_refusal

LOAD_REFUSED_STATUS = 3
REFUSAL_HEARD_S = 2.0
"""How long the engine has to read why the model was refused. It ends the child as soon as it has."""
ENGINE_GONE_STATUS = 0


class Outbox:
    """Messages to the engine, sent by one thread, in order, those of one moment in one frame."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting: list[FromChild] = []
        self._changed = threading.Condition()
        self._sending = False
        threading.Thread(target=self._send_all, name="outbox", daemon=True).start()

    def put(self, message: FromChild) -> None:
        with self._changed:
            self._waiting.append(message)
            self._changed.notify()

    def _send_all(self) -> None:
        while True:
            with self._changed:
                self._sending = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                batch, self._waiting = self._waiting, []
                self._sending = True
            try:
                self._connection.sendall(messages.frame(batch))
            except OSError:
                os._exit(ENGINE_GONE_STATUS)

    def flush(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._sending)


class Model:
    """The loaded model and the threads that wait for its answers."""

    def __init__(self, server: Any, outbox: Outbox, slots: int) -> None:
        self._server = server
        self._outbox = outbox
        self._threads = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="work")
        self._cancelled: set[int] = set()
        self._open: set[int] = set()

    def generate(self, order: messages.RunGeneration) -> None:
        self._open.add(order.work)
        self._threads.submit(self._run, order.work, self._generate, order)

    def embed(self, order: messages.RunEmbedding) -> None:
        self._open.add(order.work)
        self._threads.submit(self._run, order.work, self._embed, order)

    def cancel(self, work: int) -> None:
        if work in self._open:
            self._cancelled.add(work)

    def _run(self, work: int, run: Any, order: Any) -> None:
        try:
            if work not in self._cancelled:
                run(order)
        except (ValueError, TypeError):  # how the native server's refusals of a request arrive
            self._outbox.put(messages.WorkRefused(work, "request"))
        except Exception:  # reported to the engine, which names it; the text may hold a prompt and goes nowhere
            self._outbox.put(messages.WorkRefused(work, "failed"))
        finally:
            self._open.discard(work)
            self._cancelled.discard(work)

    def _generate(self, order: messages.RunGeneration) -> None:
        reader, put, cancelled, work = AnswerReader(order.work), self._outbox.put, self._cancelled, order.work
        put(messages.WorkStarted(work))

        def receive(data: bytes) -> bool:
            """True tells the native server to stop."""
            if work in cancelled:
                return True
            message = reader.read(data)
            if message is not None:
                put(message)
            return reader.refused

        handle = self._server.handle_chat_completions if order.chat else self._server.handle_completions
        handle(order.body, receive)
        if not reader.refused and work not in cancelled:
            put(reader.end())

    def _embed(self, order: messages.RunEmbedding) -> None:
        self._outbox.put(messages.WorkStarted(order.work))
        vectors: list[tuple[float, ...]] = []
        prompt_tokens = 0
        for body in order.bodies:
            if order.work in self._cancelled:
                return
            answer = decode_vectors(self._server.handle_embeddings(body))
            if answer.error is not None:
                self._outbox.put(embedding_refusal(order.work, answer.error))
                return
            vectors += [vector.embedding for vector in sorted(answer.data, key=lambda vector: vector.index)]
            prompt_tokens += answer.usage.prompt_tokens
            self._outbox.put(messages.WorkProgress(order.work))
        self._outbox.put(messages.Vectors(order.work, tuple(vectors), prompt_tokens))


def load(order: messages.LoadModel) -> Any:
    """Load the model. Raises whatever the native library raises; holds the interpreter until it is done."""
    xllamacpp = import_library()
    params = xllamacpp.CommonParams()
    params.model.path = order.path
    params.model_alias = {"model"}
    params.n_parallel = order.slots
    params.n_ctx = order.context_length * order.slots
    params.n_batch = params.n_ubatch = batch_tokens(order, xllamacpp)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order.threads
    params.n_gpu_layers = order.gpu_layers
    params.flash_attn_type = getattr(
        xllamacpp.llama_flash_attn_type,
        {"auto": "LLAMA_FLASH_ATTN_TYPE_AUTO", "on": "LLAMA_FLASH_ATTN_TYPE_ENABLED"}.get(
            order.flash_attention, "LLAMA_FLASH_ATTN_TYPE_DISABLED"
        ),
    )
    params.embedding = order.embedding
    if order.embedding:
        # With a cache for each slot, texts of different lengths are cut to equal pieces and averaged wrongly.
        params.kv_unified = True
        params.kv_unified_per_slot = order.context_length
    if order.mean_pooling:
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    if order.beside:
        # Weights that are rearranged for speed, or on a GPU, would be there twice; those of the file are shared.
        params.no_extra_bufts = params.no_op_offload = True
    params.cache_prompt = order.prompt_cache != "off"
    params.cache_ram_mib = 0
    params.ctx_shift = False
    params.offline = True
    params.verbosity = 1  # errors only; more would write prompts to the output
    close_doors(params, order.directory)
    return xllamacpp.Server(params)


def batch_tokens(order: messages.LoadModel, library: Any) -> int:
    """Tokens in one step; always room for a prompt beside the next tokens of all the other slots."""
    if order.embedding:
        return order.batch_tokens
    wanted = order.gpu_batch_tokens if order.gpu_layers < 0 and has_gpu(library) else order.batch_tokens
    return max(wanted, 2 * order.slots)


def has_gpu(library: Any) -> bool:
    kinds = library.ggml_backend_dev_type
    return any(
        device["type"] in (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
        for device in library.get_device_info()
    )


def close_doors(params: Any, directory: str) -> None:
    """The native server insists on listening: on a socket file in a folder of our own, with a key nobody knows."""
    params.hostnames = [f"{directory}/{os.getpid()}.sock"]
    params.port = 1
    params.api_keys = [secrets.token_hex(32)]
    params.n_threads_http = 1
    params.ui = False
    params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 1 << 20))
        if not part:
            os._exit(ENGINE_GONE_STATUS)
        parts += part
    return bytes(parts)


def receive(connection: socket.socket) -> list[messages.MessageToChild]:
    (length,) = messages.LENGTH.unpack(receive_exactly(connection, messages.LENGTH.size))
    return messages.to_child_decoder.decode(receive_exactly(connection, length))


def open_model(order: messages.LoadModel, outbox: Outbox) -> Model:
    begun = time.monotonic()
    try:
        server = load(order)
    except Exception as error:  # reported to the engine; what the native library wrote to its output says more
        outbox.put(messages.LoadRefused(library_problem=str(error) if isinstance(error, ImportError) else ""))
        outbox.flush()
        time.sleep(REFUSAL_HEARD_S)
        os._exit(LOAD_REFUSED_STATUS)
    Path(order.directory, f"{os.getpid()}.sock").unlink(missing_ok=True)  # nobody can connect to it without a name
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the native server installed handlers that wait for its queue
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outbox.put(messages.ModelLoaded((time.monotonic() - begun) * 1000))
    return Model(server, outbox, order.slots)


def serve(connection: socket.socket) -> None:
    outbox = Outbox(connection)
    first, *rest = receive(connection)
    if not isinstance(first, messages.LoadModel):
        raise msgspec.ValidationError("the first message has to load a model")
    model = open_model(first, outbox)
    while True:
        for message in rest:
            match message:
                case messages.RunGeneration():
                    model.generate(message)
                case messages.RunEmbedding():
                    model.embed(message)
                case messages.CancelWork(work=work):
                    model.cancel(work)
                case messages.Ping(number=number):
                    outbox.put(messages.Pong(number))
        rest = receive(connection)


def main(arguments: list[str]) -> None:
    serve(socket.socket(fileno=int(arguments[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
