"""The engine's knowledge of its files; no child is started here."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from covey.backends.llamacpp import LlamaCppConfig, LlamaCppEngine, ModelFile
from covey.backends.llamacpp import engine as module
from covey.errors import BackendUnavailable, InvalidRequest, ModelNotFound
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import ChatMessage, Generate, Sampling
from tests.helpers.gguf import gguf, pair, text


def engine(tmp_path: Path, content: bytes, **settings: object) -> LlamaCppEngine:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    config = LlamaCppConfig(load="on_demand", **settings)  # type: ignore[arg-type]
    file = ModelFile(name="m", path=path, aliases=("n",), digest="sha256:00", license="MIT")
    return LlamaCppEngine(config, files=lambda: [file])


def metadata(architecture: str, template: str = "") -> bytes:
    pairs = [
        pair("general.architecture", 8, text(architecture)),
        pair(f"{architecture}.context_length", 4, struct.pack("<I", 1000)),
        pair("general.file_type", 4, struct.pack("<I", 15)),
    ]
    if template:
        pairs.append(pair("tokenizer.chat_template", 8, text(template)))
    return gguf(pairs=pairs)


async def test_a_model_is_described_by_its_file(tmp_path: Path) -> None:
    found = engine(tmp_path, metadata("llama", "{{ tools }} <think>"))
    (info,) = await found.models()
    assert (info.name, info.aliases, info.state, info.family) == ("m", ("n",), "cold", "llama")
    assert (info.context_length, info.quantization, info.digest) == (1000, "Q4_K_M", "sha256:00")
    assert info.capabilities == ("chat", "completion", "embedding", "tools", "thinking")
    details = await found.show("m")
    assert (details.template, details.license) == ("{{ tools }} <think>", "MIT")
    assert details.metadata["general.file_type"] == 15
    assert "tokenizer.chat_template" not in details.metadata
    assert details.parameters == {}


async def test_sampling_that_the_file_recommends_is_shown_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommended = pair("general.sampling.temp", 6, struct.pack("<f", 0.6))
    found = engine(tmp_path, gguf(pairs=[pair("general.architecture", 8, text("llama")), recommended]))
    assert (await found.show("m")).parameters == {"temperature": 0.6}
    asked: list[Sampling] = []

    def stop_here(request: Generate, **_: object) -> None:
        asked.append(request.sampling)
        raise InvalidRequest("enough")

    monkeypatch.setattr(module, "generation_body", stop_here)
    for sampling in (Sampling(top_p=0.5), Sampling(temperature=0.0)):
        request = Generate(model=ModelName("m"), prompt="x", sampling=sampling)
        with pytest.raises(InvalidRequest, match="enough"):
            [event async for event in found.generate(request, RequestId("r"))]
    assert asked == [Sampling(top_p=0.5, temperature=0.6), Sampling(temperature=0.0)]


@pytest.mark.parametrize(
    ("architecture", "embeddings", "capabilities"),
    [("llama", False, ("completion",)), ("llama", True, ("completion", "embedding")), ("bert", False, ("embedding",))],
)
async def test_capabilities_follow_file_and_settings(
    tmp_path: Path, architecture: str, *, embeddings: bool, capabilities: tuple[str, ...]
) -> None:
    found = engine(tmp_path, metadata(architecture), embeddings=embeddings)
    assert [info.capabilities for info in await found.models()] == [capabilities]


async def test_a_model_that_only_embeds_does_not_write(tmp_path: Path) -> None:
    found = engine(tmp_path, metadata("bert"))
    await found.start()
    request = Generate(model=ModelName("m"), messages=(ChatMessage(role="user", content="x"),))
    with pytest.raises(InvalidRequest, match="embeddings only"):
        [event async for event in found.generate(request, RequestId("r"))]
    await found.close()


async def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    found = engine(tmp_path, metadata("llama"))
    assert (await found.models())[0].family == "llama"
    (tmp_path / "m.gguf").write_bytes(metadata("qwen3x"))
    assert (await found.models())[0].family == "qwen3x"
    (tmp_path / "m.gguf").unlink()
    (gone,) = await found.models()
    assert (gone.state, gone.problem) == ("unavailable", "the model file is not there or cannot be read")


async def test_an_engine_that_is_not_started_says_so(tmp_path: Path) -> None:
    found = engine(tmp_path, metadata("llama"))
    with pytest.raises(BackendUnavailable):
        await found.health()
    with pytest.raises(ModelNotFound):
        await found.show("other")
    await found.abort(RequestId("unknown"))
    await found.close()


@pytest.mark.parametrize(
    ("slots", "longest", "expected"), [(3, 512, 510), (4, 512, 512), (64, 32, 64), (4, 2048, 1000)]
)
async def test_a_text_to_embed_fits_one_step_of_whole_slots(
    tmp_path: Path, slots: int, longest: int, expected: int
) -> None:
    found = engine(tmp_path, metadata("llama"), slots=slots, embedding_tokens=longest)
    (file,) = found._files()
    header = await found._header(file)
    order = found._embedding_order(file, header)
    assert (order.batch_tokens, order.context_length, order.embedding) == (expected, expected, True)


async def test_a_model_that_writes_gets_small_steps_and_one_that_embeds_whole_texts(tmp_path: Path) -> None:
    writes = engine(tmp_path, metadata("llama"), threads=2)
    (file,) = writes._files()
    await writes._header(file)
    model = writes._model(file)
    assert (model.main.load.embedding, model.main.load.batch_tokens, model.main.load.gpu_batch_tokens) == (
        False, 64, 512
    )  # fmt: skip
    assert model.beside is None
    (tmp_path / "m.gguf").write_bytes(metadata("bert"))
    await writes._header(file)
    load = writes._model(file).main.load
    assert (load.embedding, load.batch_tokens, load.beside) == (True, 512, False)


async def test_steps_that_are_set_are_kept(tmp_path: Path) -> None:
    found = engine(tmp_path, metadata("llama"), batch_tokens=128)
    (file,) = found._files()
    order = found._writing_order(file, await found._header(file))
    assert (order.batch_tokens, order.gpu_batch_tokens) == (128, 128)
