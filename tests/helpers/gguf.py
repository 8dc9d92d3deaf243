"""Tiny GGUF files: valid ones, and ones that lie."""

from __future__ import annotations

import struct


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: str, dimensions: tuple[int, ...], kind: int, offset: int) -> bytes:
    packed = b"".join(struct.pack("<Q", dimension) for dimension in dimensions)
    return text(name) + struct.pack("<I", len(dimensions)) + packed + struct.pack("<IQ", kind, offset)


def gguf(
    *,
    pairs: list[bytes] | None = None,
    tensors: list[bytes] | None = None,
    data_bytes: int = 64,
    magic: bytes = b"GGUF",
    version: int = 3,
    tensor_count: int | None = None,
    pair_count: int | None = None,
) -> bytes:
    """A file with one F32 tensor of 16 numbers unless told otherwise."""
    pairs = [pair("general.architecture", 8, text("llama")), pair("llama.context_length", 4, struct.pack("<I", 2048))] \
        if pairs is None else pairs  # fmt: skip
    tensors = [tensor("weight", (4, 4), 0, 0)] if tensors is None else tensors
    counts = (
        len(tensors) if tensor_count is None else tensor_count,
        len(pairs) if pair_count is None else pair_count,
    )
    header = magic + struct.pack("<IQQ", version, *counts) + b"".join(pairs) + b"".join(tensors)
    return header + b"\0" * (-len(header) % 32) + b"\1" * data_bytes
