"""The native library on machines that lack a part of it."""

from __future__ import annotations

import _ctypes
import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import covey
from covey.backends.llamacpp import messages
from covey.backends.llamacpp.library import OPENMP, library_advice
from covey.backends.llamacpp.process import ModelProcess
from covey.errors import ModelLoadFailed
from covey.runtime.child_process import SupervisionPolicy

SOURCES = Path(covey.__file__).parents[1]
MISSING = f"{OPENMP}: cannot open shared object file: No such file or directory"
IMPORT_WITH_PREFIX = """
import sys
sys.prefix = sys.argv[1]
from covey.backends.llamacpp.library import import_library
print(import_library().__name__)
"""


def install_broken_library(folder: Path, *, works_with: Path | None = None) -> None:
    """A module in the place of the library, which can be imported only with ``works_with`` in memory."""
    folder.mkdir()
    condition = f"{str(works_with)!r} not in open('/proc/self/maps').read()" if works_with else "True"
    (folder / "xllamacpp.py").write_text(f"if {condition}:\n    raise ImportError({MISSING!r})\n")


def import_library(folder: Path, prefix: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", IMPORT_WITH_PREFIX, str(prefix)],
        env={"PYTHONPATH": f"{folder}:{SOURCES}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libgomp is Linux's")
def test_a_libgomp_of_the_environment_serves_where_the_system_has_none(tmp_path: Path) -> None:
    own = tmp_path / "prefix" / "lib" / OPENMP
    install_broken_library(tmp_path / "modules", works_with=own)
    refused = import_library(tmp_path / "modules", tmp_path / "prefix")
    assert refused.returncode == 1
    assert MISSING in refused.stderr
    own.parent.mkdir(parents=True)
    shutil.copyfile(_ctypes.__file__, own)  # any library does for this
    assert import_library(tmp_path / "modules", tmp_path / "prefix").stdout == "xllamacpp\n"


async def test_a_model_says_what_its_machine_lacks(tmp_path: Path) -> None:
    install_broken_library(tmp_path / "modules")
    order = messages.LoadModel(
        path=str(tmp_path / "model.gguf"),
        directory="",
        slots=1,
        context_length=512,
        batch_tokens=512,
        gpu_batch_tokens=512,
        threads=1,
        gpu_layers=0,
        flash_attention="auto",
        embedding=False,
        mean_pooling=False,
        beside=False,
        prompt_cache="account",
    )
    process = ModelProcess(
        "small",
        order,
        policy=SupervisionPolicy(ready_timeout_s=20),
        stall_timeout_s=20,
        environment={"PYTHONPATH": str(tmp_path / "modules")},
    )
    began = asyncio.get_running_loop().time()
    with pytest.raises(ModelLoadFailed, match=r"libgomp.*apt install libgomp1"):
        await process.start()
    assert asyncio.get_running_loop().time() - began < 15
    assert process.state == "stopped"


def test_advice_is_for_problems_of_the_library_only() -> None:
    assert library_advice("") == ""
    assert "apt" not in library_advice("no module named xllamacpp")
