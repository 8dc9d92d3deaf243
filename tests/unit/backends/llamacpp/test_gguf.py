"""Headers that lie are refused before native code sees them (the class of CVE-2026-7482 and CVE-2026-27940)."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.backends.llamacpp.gguf import Header, read_header
from covey.errors import ModelLoadFailed
from tests.helpers.gguf import gguf, pair, tensor, text


def read(tmp_path: Path, content: bytes) -> Header:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    return read_header(path)


def test_a_valid_header_tells_what_the_model_is(tmp_path: Path) -> None:
    found = read(tmp_path, gguf())
    assert (found.architecture, found.context_length, found.tensor_count, found.elements) == ("llama", 2048, 1, 16)
    assert found.parameters == "16"
    assert not found.embeds_only


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"GGUF", id="only the magic"),
        pytest.param(gguf(magic=b"GGML"), id="magic"),
        pytest.param(gguf(version=1), id="old version"),
        pytest.param(gguf(version=0x03000000), id="other byte order"),
        pytest.param(gguf(tensor_count=2**63), id="tensor count"),
        pytest.param(gguf(pair_count=2**63), id="pair count"),
        pytest.param(gguf(tensor_count=5), id="more tensors than there are"),
        pytest.param(gguf(pair_count=60_000), id="more pairs than there are"),
        pytest.param(gguf(data_bytes=32), id="tensor beyond the end"),
        pytest.param(gguf(tensors=[tensor("w", (4, 4), 0, 2**40)]), id="offset beyond the end"),
        pytest.param(gguf(tensors=[tensor("w", (4, 4), 0, 2**64 - 32)]), id="offset that wraps"),
        pytest.param(gguf(tensors=[tensor("w", (2**32, 2**32), 0, 0)]), id="dimensions that overflow"),
        pytest.param(gguf(tensors=[tensor("w", (2**63, 2), 0, 0)]), id="product that wraps"),
        pytest.param(gguf(tensors=[tensor("w", (1, 1, 1, 1, 1), 0, 0)]), id="five dimensions"),
        pytest.param(gguf(tensors=[tensor("w", (33,), 2, 0)]), id="half a block"),
        pytest.param(gguf(tensors=[tensor("w", (4, 4), 0, 1)]), id="not aligned"),
        pytest.param(gguf(tensors=[tensor("w" * 65, (4, 4), 0, 0)]), id="long tensor name"),
        pytest.param(gguf(pairs=[pair("general.alignment", 4, struct.pack("<I", 0))]), id="alignment 0"),
        pytest.param(gguf(pairs=[pair("general.alignment", 4, struct.pack("<I", 3))]), id="alignment 3"),
        pytest.param(gguf(pairs=[pair("a", 8, struct.pack("<Q", 2**62))]), id="string beyond the end"),
        pytest.param(gguf(pairs=[pair("a", 99, b"")]), id="unknown value type"),
        pytest.param(gguf(pairs=[pair("a", 9, struct.pack("<IQ", 4, 2**62))]), id="array count"),
        pytest.param(gguf(pairs=[pair("a", 9, struct.pack("<IQ", 4, 15_000_000))]), id="array beyond the end"),
        pytest.param(gguf(pairs=[pair("a", 9, struct.pack("<IQ", 8, 3) + text("x"))]), id="texts beyond the end"),
        pytest.param(gguf(pairs=[pair("a", 9, struct.pack("<IQQ", 8, 1, 2**64 - 1))]), id="text that wraps"),
        pytest.param(gguf(pairs=[pair("a", 9, struct.pack("<IQ", 9, 1))]), id="array of arrays"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelLoadFailed, match="model file is damaged"):
        read(tmp_path, content)


def test_a_file_that_is_not_there_is_refused_without_naming_it(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed) as caught:
        read_header(tmp_path / "secret-name.gguf")
    assert "secret-name" not in caught.value.detail


@pytest.mark.parametrize(("architecture", "embeds"), [("nomic-bert", True), ("bert", True), ("qwen3", False)])
def test_encoders_only_embed(tmp_path: Path, architecture: str, *, embeds: bool) -> None:
    found = read(tmp_path, gguf(pairs=[pair("general.architecture", 8, text(architecture))]))
    assert found.embeds_only is embeds


@given(cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_damage_is_refused_or_harmless_but_never_something_else(
    tmp_path: Path, cut: int, flips: list[tuple[int, int]]
) -> None:
    content = bytearray(gguf())
    for position, value in flips:
        content[position % len(content)] = value
    try:
        found = read(tmp_path, bytes(content[: len(content) - cut % len(content)]))
    except ModelLoadFailed:
        return
    assert found.size_bytes <= len(content)
