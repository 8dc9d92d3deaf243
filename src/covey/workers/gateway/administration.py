"""What administrators ask of a gateway, gathered for the operations."""

from __future__ import annotations

from dataclasses import dataclass

from covey.workers.gateway.nodes import Nodes
from covey.workers.gateway.overview import Overviews
from covey.workers.gateway.request_log import RequestLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    nodes: Nodes
    requests: RequestLog
    overviews: Overviews
