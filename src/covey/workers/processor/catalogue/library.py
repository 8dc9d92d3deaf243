"""Model files of this machine: which there are, under which names, each stored under the SHA-256 of its content."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from covey.backends.llamacpp import ModelFile
from covey.backends.llamacpp.gguf import read_header
from covey.domain import model_names
from covey.errors import InvalidRequest, ModelNotFound, StoreCorrupt

INDEX = "index.json"
PARTIAL = "partial"
CHUNK_BYTES = 4 * 1024 * 1024
log = structlog.get_logger(__name__)


class InstalledModel(msgspec.Struct, frozen=True, kw_only=True):
    """One name in the library. Two names may share a file."""

    name: str
    sha256: str
    size_bytes: int
    source: str = ""
    """Where it came from: an address, or ``file``."""
    license: str = ""
    added_at: float = 0.0

    @property
    def file_name(self) -> str:
        return f"{self.sha256}.gguf"


class ModelLibrary:
    """One directory. Readers see a copy in memory; each change is on the disk before it shows."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._models: dict[str, InstalledModel] = {}
        self._changing = asyncio.Lock()

    @property
    def partial(self) -> Path:
        """Where unfinished downloads are."""
        return self.directory / PARTIAL

    async def open(self) -> None:
        """Read the index. Raises StoreCorrupt when it cannot be understood."""
        self._models = await asyncio.to_thread(self._read)

    def has(self, name: str) -> bool:
        return name in self._models

    def models(self) -> Sequence[InstalledModel]:
        return list(self._models.values())

    def files(self) -> Sequence[ModelFile]:
        return [
            ModelFile(
                name=model.name,
                path=self.directory / model.file_name,
                digest=f"sha256:{model.sha256}",
                license=model.license or None,
            )
            for model in self._models.values()
        ]

    async def install(self, file: Path, model: InstalledModel) -> None:
        """Take over a checked file, which is moved here. Replaces what had the name. Raises ModelLoadFailed."""
        if not model_names.is_valid(model.name):
            raise InvalidRequest("a model's name is letters, digits and - _ . : /", param="name")
        async with self._changing:
            before = self._models.get(model.name)
            await asyncio.to_thread(self._move_in, file, model)
            await self._write({**self._models, model.name: model})
            if before is not None:
                await self._forget_file(before)
        log.info("model_installed", model=model.name, size_bytes=model.size_bytes)

    async def import_file(self, path: Path, name: str, *, added_at: float, license_name: str = "") -> InstalledModel:
        """Copy a local file in. For operators: a client never names a path."""
        self.partial.mkdir(parents=True, exist_ok=True)
        copy = self.partial / f"import-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
        try:
            await asyncio.to_thread(shutil.copyfile, path, copy)
            digest = await asyncio.to_thread(sha256_of, copy)
            model = InstalledModel(
                name=name, sha256=digest, size_bytes=copy.stat().st_size, source="file", license=license_name,
                added_at=added_at,
            )  # fmt: skip
            await self.install(copy, model)
        finally:
            copy.unlink(missing_ok=True)
        return model

    async def remove(self, name: str) -> None:
        """Raises ModelNotFound."""
        async with self._changing:
            model = self._models.get(name)
            if model is None:
                raise ModelNotFound("there is no model of that name on this machine", param="model")
            await self._write({kept: other for kept, other in self._models.items() if kept != name})
            await self._forget_file(model)
        log.info("model_removed", model=name)

    def _move_in(self, file: Path, model: InstalledModel) -> None:
        read_header(file)
        self.directory.mkdir(parents=True, exist_ok=True)
        with file.open("rb+") as written:
            os.fsync(written.fileno())
        file.replace(self.directory / model.file_name)

    async def _forget_file(self, model: InstalledModel) -> None:
        if all(other.sha256 != model.sha256 for other in self._models.values()):
            await asyncio.to_thread((self.directory / model.file_name).unlink, missing_ok=True)

    async def _write(self, models: dict[str, InstalledModel]) -> None:
        await asyncio.to_thread(self._write_index, list(models.values()))
        self._models = models

    def _write_index(self, models: list[InstalledModel]) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        temporary = self.directory / f"{INDEX}.new"
        with temporary.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(models), indent=2))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.directory / INDEX)

    def _read(self) -> dict[str, InstalledModel]:
        try:
            models = msgspec.json.decode((self.directory / INDEX).read_bytes(), type=list[InstalledModel])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise StoreCorrupt("the index of the model library cannot be read") from error
        there = {model.name: model for model in models if (self.directory / model.file_name).is_file()}
        for model in models:
            if model.name not in there:
                log.warning("model_file_missing", model=model.name)
        return there


def sha256_of(path: Path, advanced: Callable[[int], bool] | None = None) -> str:
    """``advanced`` is told how many bytes are read; it ends the reading by answering False (the digest is void)."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            if advanced is not None and not advanced(done):
                break
    return digest.hexdigest()
