"""Answers that nobody watches grow, within one process: asked for by one call instead of read event by event.

Each of the three endpoints stands beside the stream of the same service. Whoever finds no handler in its own process,
or needs more than the ordinary way, reads the stream, which means the same. Gateway and processor say so before
anything is done, where the stream tells more than its end: of an engine that streams, or of another process.
"""

from __future__ import annotations

from covey.protocol.endpoint import Endpoint, Message
from covey.protocol.inference import SILENCE_S, Delta, Finished, GatewayGenerate, Generate, Started, StartGeneration


class WholeAnswer(Message, frozen=True, kw_only=True):
    """A generation that ended well. One that did not is raised as the error of its ``Failed`` event."""

    started: Started | None = None
    deltas: tuple[Delta, ...] = ()
    finished: Finished


class PerhapsWhole(Message, frozen=True, kw_only=True):
    answer: WholeAnswer | None = None
    """None: nothing was done; the stream is to be read."""


READ_THE_STREAM = PerhapsWhole()

CLIENT_ANSWER = Endpoint("client.answer", StartGeneration, WholeAnswer, timeout_s=SILENCE_S, local=True)
GATEWAY_ANSWER = Endpoint("gateway.answer", GatewayGenerate, PerhapsWhole, timeout_s=SILENCE_S, local=True)
PROCESSOR_ANSWER = Endpoint("processor.answer", Generate, PerhapsWhole, timeout_s=SILENCE_S, local=True)
