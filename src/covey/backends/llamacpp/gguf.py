"""The header of a GGUF file, read with suspicion: nothing in it is believed before it is held against the file's size.

Native loaders have read beyond the file because a header claimed more tensors, longer strings or larger tensors than
were there. A file that this module accepts has every string, array and tensor inside of it.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from covey.errors import ModelLoadFailed

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_TENSORS = 65_536
MOST_PAIRS = 65_536
MOST_ARRAY_ITEMS = 16_000_000
LONGEST_KEY_BYTES = 65_535
LONGEST_TENSOR_NAME_BYTES = 64
MOST_DIMENSIONS = 4
MOST_ELEMENTS = 2**62
DEFAULT_ALIGNMENT = 32

STRING, ARRAY, BOOL = 8, 9, 7
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Tensor type → elements in a block and bytes of a block."""
FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """What a model file says of itself."""

    metadata: dict[str, Any]
    """Scalars and strings only, by their GGUF key."""
    tensor_count: int
    elements: int
    """How many numbers all tensors hold together: the parameters of the model."""
    size_bytes: int

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    def of_architecture(self, key: str) -> Any:
        return self.metadata.get(f"{self.architecture}.{key}")

    @property
    def context_length(self) -> int | None:
        value = self.of_architecture("context_length")
        return value if isinstance(value, int) and value > 0 else None

    @property
    def quantization(self) -> str | None:
        return FILE_TYPES.get(self.metadata.get("general.file_type", -1))

    @property
    def template(self) -> str | None:
        value = self.metadata.get("tokenizer.chat_template")
        return value if isinstance(value, str) else None

    @property
    def embeds_only(self) -> bool:
        """Encoders have a pooling type, or attention that looks ahead; they cannot write text."""
        return self.of_architecture("attention.causal") is False or "bert" in self.architecture

    @property
    def has_pooling(self) -> bool:
        return self.of_architecture("pooling_type") is not None

    @property
    def parameters(self) -> str:
        for limit, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
            if self.elements >= limit:
                return f"{self.elements / limit:.3g}{letter}"
        return str(self.elements)


@dataclass(slots=True)
class Cursor:
    data: mmap.mmap
    size: int
    at: int = 0

    def take(self, count: int) -> bytes:
        self.skip(count)
        return self.data[self.at - count : self.at]

    def skip(self, count: int) -> None:
        if count < 0 or count > self.size - self.at:
            raise refused("it ends in the middle of its header")
        self.at += count

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def text(self, longest: int) -> str:
        length = self.number("<Q")
        if length > longest:
            raise refused("it holds an over-long name")
        return self.take(length).decode("utf-8", "replace")

    def skip_texts(self, count: int) -> None:
        """Many thousands of them in a vocabulary, hence without a call for each."""
        data, at, last = self.data, self.at, self.size - 8
        unpack = struct.Struct("<Q").unpack_from
        for _ in range(count):
            if at > last:
                raise refused("it ends in the middle of its header")
            at += 8 + unpack(data, at)[0]
        if at > self.size:
            raise refused("it ends in the middle of its header")
        self.at = at


@dataclass(slots=True)
class Tensors:
    elements: int = 0
    ends: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)


def refused(reason: str) -> ModelLoadFailed:
    return ModelLoadFailed(f"the model file is damaged or is no GGUF file: {reason}")


def read_header(path: Path) -> Header:
    """Check the whole header. Raises ModelLoadFailed; blocks for some ten milliseconds."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size < 24:
                raise refused("it is too short")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return parse(Cursor(data, size))
    except OSError as error:
        raise ModelLoadFailed("the model file is not there or cannot be read") from error


def parse(cursor: Cursor) -> Header:
    if cursor.take(4) != MAGIC:
        raise refused("it does not begin like one")
    if cursor.number("<I") not in VERSIONS:
        raise refused("its version is unknown")
    tensor_count, pair_count = cursor.number("<Q"), cursor.number("<Q")
    if tensor_count > MOST_TENSORS or pair_count > MOST_PAIRS:
        raise refused("its counts are absurd")
    metadata: dict[str, Any] = {}
    for _ in range(pair_count):
        key = cursor.text(LONGEST_KEY_BYTES)
        kind = cursor.number("<I")
        value = read_value(cursor, kind)
        if value is not None:
            metadata[key] = value
    tensors = Tensors()
    for _ in range(tensor_count):
        read_tensor(cursor, tensors)
    check_extent(cursor, tensors, metadata)
    return Header(metadata, tensor_count, tensors.elements, cursor.size)


def read_value(cursor: Cursor, kind: int) -> Any:
    if kind == STRING:
        return cursor.text(cursor.size)
    if kind == ARRAY:
        skip_array(cursor)
        return None
    if kind == BOOL:
        return cursor.take(1) != b"\0"
    if kind not in SCALARS:
        raise refused("it holds a value of unknown type")
    return cursor.number(SCALARS[kind])


def skip_array(cursor: Cursor) -> None:
    kind, count = cursor.number("<I"), cursor.number("<Q")
    if count > MOST_ARRAY_ITEMS:
        raise refused("its counts are absurd")
    if kind == STRING:
        cursor.skip_texts(count)
    elif kind in SCALARS:
        cursor.skip(struct.calcsize(SCALARS[kind]) * count)
    else:
        raise refused("it holds an array of unknown type")


def read_tensor(cursor: Cursor, tensors: Tensors) -> None:
    cursor.text(LONGEST_TENSOR_NAME_BYTES)
    dimension_count = cursor.number("<I")
    if dimension_count > MOST_DIMENSIONS:
        raise refused("a tensor has too many dimensions")
    elements, row = 1, 1
    for position in range(dimension_count):
        dimension = cursor.number("<Q")
        row = dimension if position == 0 else row
        elements *= dimension
        if elements > MOST_ELEMENTS:
            raise refused("a tensor is larger than any memory")
    kind, offset = cursor.number("<I"), cursor.number("<Q")
    block, block_bytes = BLOCKS.get(kind, (1, 0))
    if row % block:
        raise refused("a tensor does not consist of whole blocks")
    tensors.elements += elements
    tensors.offsets.append(offset)
    tensors.ends.append(offset + elements // block * block_bytes)


def check_extent(cursor: Cursor, tensors: Tensors, metadata: dict[str, Any]) -> None:
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment > 2**20 or alignment & (alignment - 1):
        raise refused("its alignment is impossible")
    start = -(-cursor.at // alignment) * alignment
    room = cursor.size - start
    if any(offset % alignment for offset in tensors.offsets):
        raise refused("a tensor is not aligned")
    if any(end > room for end in tensors.ends):
        raise refused("a tensor lies beyond its end; it may be only partly downloaded")
