from __future__ import annotations

from pathlib import Path

from covey.domain import model_names
from covey.domain.download_rules import DownloadRules
from covey.workers.processor.catalogue.known_models import KNOWN_MODELS, downloadable, name_of_file
from covey.workers.processor.config import DownloadableModel


def test_built_in_models_obey_the_rules_for_downloads() -> None:
    for model in KNOWN_MODELS:
        assert DownloadRules().check_url(model.url).path.endswith(".gguf")
        assert model_names.is_valid(model.name)
        assert model.size_bytes > 50_000_000
    assert len({model.name for model in KNOWN_MODELS}) == len(KNOWN_MODELS)


def test_the_settings_replace_what_is_built_in() -> None:
    own = DownloadableModel(name="smollm2:135m", url="https://mirror.example/a.gguf", size_bytes=1, license="MIT")
    assert downloadable([own])["smollm2:135m"] is own
    assert len(downloadable([own])) == len(KNOWN_MODELS)


def test_a_variant_of_a_known_model_goes_by_its_name() -> None:
    assert name_of_file(Path("/x/SmolLM2-135M-Instruct.Q4_1.gguf")) == "smollm2:135m"
    assert name_of_file(Path("/x/My-Own-7B.Q8_0.gguf")) == "my-own-7b"
