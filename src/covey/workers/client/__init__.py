"""The client worker: owns a request from start to end, and what people keep here."""

from covey.workers.client.config import ClientConfig
from covey.workers.client.service import ClientService
from covey.workers.client.worker import ClientWorker

__all__ = ["ClientConfig", "ClientService", "ClientWorker"]
