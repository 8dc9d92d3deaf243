"""The models on this machine's disk, and how they get there."""

from covey.workers.processor.catalogue.library import InstalledModel, ModelLibrary
from covey.workers.processor.catalogue.pulls import Pulls

__all__ = ["InstalledModel", "ModelLibrary", "Pulls"]
