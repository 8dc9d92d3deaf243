"""What a command ends with: one exit code per kind of failure, and a message that says what to do next.

0 done · 1 failed · 2 wrong usage or settings · 3 not found · 4 not logged in · 5 forbidden or over a limit ·
6 unavailable or overloaded · 7 timed out · 8 conflict · 130 interrupted · 141 the reader of the output went away.
"""

from __future__ import annotations

from covey.errors import ERRORS_BY_CODE

FAILED, NOT_FOUND, UNAUTHENTICATED, FORBIDDEN, UNAVAILABLE, TIMED_OUT, CONFLICT = 1, 3, 4, 5, 6, 7, 8
INTERRUPTED, BROKEN_PIPE = 130, 141

EXIT_BY_STATUS = {
    401: UNAUTHENTICATED,
    403: FORBIDDEN,
    404: NOT_FOUND,
    408: TIMED_OUT,
    409: CONFLICT,
    429: FORBIDDEN,
    502: UNAVAILABLE,
    503: UNAVAILABLE,
    504: TIMED_OUT,
}

_OPENAI_CODES = {"invalid_api_key": UNAUTHENTICATED, "rate_limit_exceeded": FORBIDDEN}
"""What OpenAI calls two of the errors, and streams in its form call them too."""

NEXT_STEP = {
    UNAUTHENTICATED: "Log in with `covey auth login`, or pass a key with --api-key.",
    UNAVAILABLE: "Is the service running? `covey up` starts it, `covey doctor` looks closer.",
}


def exit_code_of(error_code: str) -> int:
    """What an error that came inside an answer ends the command with; as when it comes before one."""
    named = ERRORS_BY_CODE.get(error_code)
    if named is None:
        return _OPENAI_CODES.get(error_code, FAILED)
    return EXIT_BY_STATUS.get(named.http_status, FAILED)


class CommandFailed(Exception):
    """A command cannot go on. Printed to standard error as one or two lines; ``exit_code`` ends the process."""

    def __init__(self, message: str, exit_code: int = FAILED, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.request_id = request_id

    def lines(self) -> list[str]:
        suffix = f" (request {self.request_id})" if self.request_id else ""
        lines = [f"Error: {self.message}{suffix}"]
        if self.exit_code in NEXT_STEP:
            lines.append(NEXT_STEP[self.exit_code])
        return lines


def placed_problem(problem: str, setting: str | None) -> str:
    """What is wrong at the start of a node, with the setting that it is about unless it says so itself."""
    return f"{problem} ({setting})" if setting and setting not in problem else problem
