from __future__ import annotations

from pathlib import Path

import pytest

from covey.errors import InvalidRequest, ModelLoadFailed, ModelNotFound, StoreCorrupt
from covey.workers.processor.catalogue.library import InstalledModel, ModelLibrary, sha256_of
from tests.helpers.gguf import gguf


async def test_an_imported_file_is_kept_by_its_content_and_survives_a_restart(tmp_path: Path) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(gguf())
    library = ModelLibrary(tmp_path / "models")
    await library.open()
    model = await library.import_file(source, "mine:1", added_at=5.0, license_name="MIT")
    assert model.sha256 == sha256_of(source)
    (file,) = library.files()
    assert (file.name, file.path.name, file.license) == ("mine:1", f"{model.sha256}.gguf", "MIT")
    again = ModelLibrary(tmp_path / "models")
    await again.open()
    assert again.models() == [model]
    assert source.exists()


async def test_two_names_share_a_file_until_both_are_gone(tmp_path: Path) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(gguf())
    library = ModelLibrary(tmp_path / "models")
    for name in ("a", "b"):
        await library.import_file(source, name, added_at=0.0)
    path = library.files()[0].path
    await library.remove("a")
    assert path.exists()
    await library.remove("b")
    assert not path.exists()
    with pytest.raises(ModelNotFound):
        await library.remove("b")


async def test_a_new_file_under_an_old_name_replaces_it(tmp_path: Path) -> None:
    library = ModelLibrary(tmp_path / "models")
    for size in (64, 128):
        source = tmp_path / "mine.gguf"
        source.write_bytes(gguf(data_bytes=size))
        await library.import_file(source, "a", added_at=0.0)
    assert len(list((tmp_path / "models").glob("*.gguf"))) == 1


@pytest.mark.parametrize("name", ["../x", "", "a b"])
async def test_d5_bad_names_are_not_installed(tmp_path: Path, name: str) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(gguf())
    with pytest.raises(InvalidRequest):
        await ModelLibrary(tmp_path / "models").import_file(source, name, added_at=0.0)


async def test_a_file_that_is_no_model_is_not_installed(tmp_path: Path) -> None:
    source = tmp_path / "mine.gguf"
    source.write_bytes(b"hello" * 100)
    library = ModelLibrary(tmp_path / "models")
    with pytest.raises(ModelLoadFailed):
        await library.import_file(source, "a", added_at=0.0)
    assert list(library.partial.iterdir()) == []


async def test_a_file_that_vanished_is_left_out_and_a_damaged_index_is_told(tmp_path: Path) -> None:
    library = ModelLibrary(tmp_path)
    library._write_index([InstalledModel(name="a", sha256="0" * 64, size_bytes=1)])
    await library.open()
    assert library.models() == []
    (tmp_path / "index.json").write_text("[{")
    with pytest.raises(StoreCorrupt):
        await library.open()
