"""``covey usage`` and ``covey audit``."""

from __future__ import annotations

import click

from covey.cli.moments import Moment
from covey.cli.output import moment, show_item, show_pieces, show_rows
from covey.cli.session import Session, pass_session

PLATFORM = "/covey/v1"


@click.command()
@click.option("--from", "first_day", help="First day, 2026-01-31.")
@click.option("--to", "last_day", help="Last day.")
@click.option("--user", "user_id", help="Another account's id, or * for all (administrators).")
@pass_session
def usage(session: Session, first_day: str | None, last_day: str | None, user_id: str | None) -> None:
    """What was used, by day, model and key.

    \b
    Examples:
      covey usage --from 2026-01-01 --to 2026-01-31
      covey usage --user '*' -o csv > january.csv
    """
    asked = {"first_day": first_day, "last_day": last_day, "user_id": user_id}
    if session.output == "csv":
        show_pieces(session.api(login=True).text(f"{PLATFORM}/usage", "text/csv", **asked))
        return
    report = session.api(login=True).get(f"{PLATFORM}/usage", **asked)
    if session.output == "json":
        show_item(report, "json")
        return
    show_rows(
        report["items"],
        [
            ("DAY", lambda item: item["day"]),
            ("MODEL", lambda item: item["model"]),
            ("USER", lambda item: item.get("username") or item.get("user_id")),
            ("KEY", lambda item: item.get("key_name") or item.get("key_id")),
            ("REQUESTS", lambda item: item["totals"].get("requests", 0)),
            ("TOKENS IN", lambda item: item["totals"].get("prompt_tokens", 0)),
            ("TOKENS OUT", lambda item: item["totals"].get("completion_tokens", 0)),
            ("FAILED", lambda item: item["totals"].get("failed", 0)),
            ("CANCELLED", lambda item: item["totals"].get("cancelled", 0)),
        ],
        session.output,
    )


@click.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
@click.option("--action", help="Only this action, for example keys.create.")
@click.option("--actor", "actor_id", help="Only what this account did, by its id.")
@click.option("--target", help="Only what was done to this id, model or node.")
@click.option("--outcome", type=click.Choice(["ok", "refused", "failed"]))
@pass_session
def audit(session: Session, /, limit: int, **filters: str | None) -> None:
    """Who changed what, newest first (administrators)."""
    page = session.api(login=True).get(f"{PLATFORM}/audit", limit=limit, **filters)
    show_rows(
        page["items"],
        [
            ("WHEN", lambda item: moment(item["at"])),
            ("WHO", lambda item: item.get("actor_name") or item.get("actor_id")),
            ("ACTION", lambda item: item["action"]),
            ("TARGET", lambda item: item.get("target")),
            ("OUTCOME", lambda item: item["outcome"]),
            ("REQUEST", lambda item: item["request_id"]),
        ],
        session.output,
    )


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), help="At most so many; 50 unless told, in CSV all.")
@click.option("--user", "user_id", help="Only this account's, by its id (administrators).")
@click.option("--key", "key_id", help="Only those of this API key, by its id.")
@click.option("--model", help="Only those of this model.")
@click.option("--outcome", type=click.Choice(["ok", "failed", "cancelled", "refused"]))
@click.option("--error", "error_code", help="Only those that ended with this error code.")
@click.option("--node", help="Only those that this node answered.")
@click.option("--since", "since", type=Moment(), help="Only those that ended then or later: 2h, or 2026-01-31.")
@click.option("--until", "until", type=Moment(), help="Only those that ended before.")
@click.option("--request", "request_id", help="Only the one with this id.")
@click.option("--slower-than", "min_duration_ms", type=float, help="Only those that took so many milliseconds.")
@pass_session
def requests(session: Session, /, limit: int | None, **filters: str | float | None) -> None:
    """The last requests, newest first: your own, or everybody's for administrators.

    \b
    Examples:
      covey requests --outcome failed --since 2h
      covey requests --model llama3.2 --slower-than 5000 -o csv > slow.csv
    """
    if session.output == "csv":
        show_pieces(session.api(login=True).text(f"{PLATFORM}/requests", "text/csv", limit=limit, **filters))
        return
    page = session.api(login=True).get(f"{PLATFORM}/requests", limit=limit or 50, **filters)
    show_rows(
        page["items"],
        [
            ("WHEN", lambda item: moment(item["record"]["at"])),
            ("USER", lambda item: item.get("username")),
            ("KEY", lambda item: item.get("key_name") or item["record"].get("key_id")),
            ("MODEL", lambda item: item["record"]["model"]),
            ("OUTCOME", lambda item: item["record"].get("outcome", "ok")),
            ("ERROR", lambda item: item["record"].get("error_code")),
            ("TOKENS OUT", lambda item: item["record"].get("completion_tokens", 0)),
            ("MS", lambda item: round(item["record"].get("duration_ms", 0.0))),
            ("NODE", lambda item: item["record"].get("node")),
            ("REQUEST", lambda item: item["record"]["request_id"]),
        ],
        session.output,
    )
