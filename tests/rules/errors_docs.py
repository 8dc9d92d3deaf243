"""The page of errors, made from the error tree."""

from __future__ import annotations

import inspect

from covey.errors import ERRORS_BY_CODE


def errors_page() -> str:
    """The text of ``docs/errors.md``."""
    lines = [
        "# Errors",
        "",
        "Every failure has one code, whatever the API: OpenAI-compatible routes answer",
        '`{"error": {"message", "type", "param", "code"}}`, the platform API answers',
        "`application/problem+json` (RFC 9457). The request id is in the `x-request-id` header and, in problems,",
        "in the body. *Retry* says whether the same request may succeed later or elsewhere; `retry-after` says",
        "when, if that is known.",
        "",
        "This page is made from the code: `python -m tests.rules.errors_docs` writes it.",
        "",
        "| code | HTTP | retry | meaning |",
        "|---|---|---|---|",
    ]
    for code, error in ERRORS_BY_CODE.items():
        if code == "internal":
            continue
        document = inspect.cleandoc(vars(error).get("__doc__") or "")
        meaning = " ".join((document or error.default_detail()).split()).replace("``", "`")
        lines.append(f"| `{code}` | {error.http_status} | {'yes' if error.retryable else 'no'} | {meaning} |")
    lines.append("| `internal` | 500 | no | Something went wrong that Covey has no name for; the log has it. |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from tests.rules.source import ROOT

    (ROOT / "docs" / "errors.md").write_text(errors_page())
