"""What the parts of a node would refuse in its settings, found without starting any."""

from __future__ import annotations

from pathlib import Path

from covey.assembly.engines import engines_of
from covey.facilities.nats_configuration import listener_of
from covey.settings import Settings
from covey.workers.processor.catalogue.library import ModelLibrary


def check_parts(settings: Settings) -> None:
    """Raises BadSettings, in the words that a start would end with."""
    listener_of(settings.mesh.server)
    engines_of(settings, ModelLibrary(Path(settings.node.data_dir) / "processor" / "models"))
