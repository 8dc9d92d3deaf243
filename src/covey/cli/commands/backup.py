"""``covey backup`` and ``covey restore``: the store in one checked file."""

from __future__ import annotations

from pathlib import Path

import click

from covey.cli.failures import CommandFailed
from covey.cli.output import show_rows, talk
from covey.cli.session import Session, pass_session

_data_dir = click.option("--data-dir", default="data", show_default=True, help="The node's data directory.")
_nats_url = click.option("--nats-url", help="Use this running NATS server instead of the data directory's own.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_data_dir
@_nats_url
@pass_session
def backup(session: Session, file: Path, data_dir: str, nats_url: str | None) -> None:
    """Write all buckets to a file, of a stopped node or of a running one.

    Elsewhere than on the node's machine, --nats-url says where its NATS server is.

    The file holds password hashes and signing keys; only its owner can read it.
    """
    from covey.assembly import export_store
    from covey.errors import CoveyError

    try:
        counts = export_store(Path(data_dir), nats_url, file)
    except CoveyError as error:
        raise CommandFailed(error.detail) from error
    _show(session, counts)
    talk(f"Written to {file}.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@_data_dir
@_nats_url
@click.option("--overwrite", is_flag=True, help="Also into buckets that are not empty.")
@pass_session
def restore(session: Session, file: Path, data_dir: str, nats_url: str | None, overwrite: bool) -> None:
    """Read a backup into a node's store. Nothing is written unless the whole file is sound."""
    from covey.assembly import import_store
    from covey.errors import CoveyError

    try:
        counts = import_store(Path(data_dir), nats_url, file, overwrite=overwrite)
    except CoveyError as error:
        raise CommandFailed(error.detail) from error
    _show(session, counts)


def _show(session: Session, counts: dict[str, int]) -> None:
    rows = [{"bucket": name, "records": count} for name, count in counts.items()]
    show_rows(rows, [("BUCKET", lambda row: row["bucket"]), ("RECORDS", lambda row: row["records"])], session.output)
