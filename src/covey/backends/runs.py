"""Which generations of an engine are under way, so that each can be stopped."""

from __future__ import annotations

import msgspec

from covey.backends.http import Response
from covey.protocol.ids import RequestId


class Run(msgspec.Struct, eq=False):
    """One generation: the answer it reads, and whether somebody has stopped it."""

    request_id: RequestId
    response: Response | None = None
    cancelled: bool = False
    patience_s: float | None = None
    """Longest silence of its answer, when it is not the usual one."""

    def attach(self, response: Response) -> None:
        self.response = response
        response.patience_s = self.patience_s
        if self.cancelled:
            response.close()

    def cancel(self) -> None:
        self.cancelled = True
        if self.response is not None:
            self.response.close()


class Runs:
    """The generations of one engine. An id may be there twice: a retry can overtake its first try."""

    def __init__(self) -> None:
        self._runs: set[Run] = set()

    def __len__(self) -> int:
        return len(self._runs)

    def begin(self, request_id: RequestId) -> Run:
        run = Run(request_id)
        self._runs.add(run)
        return run

    def end(self, run: Run) -> None:
        self._runs.discard(run)
        if run.response is not None:
            run.response.close()

    def cancel(self, request_id: RequestId) -> None:
        for run in self._runs:
            if run.request_id == request_id:
                run.cancel()
