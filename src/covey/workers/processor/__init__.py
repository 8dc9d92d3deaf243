"""The processor worker: queues in front of engines, and the models they run."""

from covey.workers.processor.config import (
    CatalogueConfig,
    ConfiguredModel,
    DefaultSampling,
    DownloadableModel,
    ProcessorConfig,
)
from covey.workers.processor.service import ProcessorService
from covey.workers.processor.worker import Inventory, ProcessorWorker, embedded_engine

__all__ = [
    "CatalogueConfig",
    "ConfiguredModel",
    "DefaultSampling",
    "DownloadableModel",
    "Inventory",
    "ProcessorConfig",
    "ProcessorService",
    "ProcessorWorker",
    "embedded_engine",
]
