"""The gateway: validates, authenticates, authorises, chooses the processor, meters, audits."""

from covey.workers.gateway.config import GatewayConfig
from covey.workers.gateway.service import GatewayService
from covey.workers.gateway.worker import GatewayWorker

__all__ = ["GatewayConfig", "GatewayService", "GatewayWorker"]
