"""``covey usage`` and ``covey audit``."""

from __future__ import annotations

import click

from covey.cli.output import moment, show_item, show_rows
from covey.cli.session import Session, pass_session

PLATFORM = "/covey/v1"


@click.command()
@click.option("--from", "first_day", help="First day, 2026-01-31.")
@click.option("--to", "last_day", help="Last day.")
@click.option("--user", "user_id", help="Another account's id, or * for all (administrators).")
@pass_session
def usage(session: Session, first_day: str | None, last_day: str | None, user_id: str | None) -> None:
    """What was used, by day, model and key."""
    report = session.api(login=True).get(
        f"{PLATFORM}/usage", first_day=first_day, last_day=last_day, user_id=user_id
    )  # fmt: skip
    if session.output == "json":
        show_item(report, "json")
        return
    show_rows(
        report["items"],
        [
            ("DAY", lambda item: item["day"]),
            ("MODEL", lambda item: item["model"]),
            ("KEY", lambda item: item.get("key_id")),
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
@pass_session
def audit(session: Session, limit: int, action: str | None) -> None:
    """Who changed what, newest first (administrators)."""
    page = session.api(login=True).get(f"{PLATFORM}/audit", limit=limit, action=action)
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
