from __future__ import annotations

import click

from seedance_pipe.cli.options import json_option, show_json


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Say what is found on this machine and what is missing. Exit code 6 when a film cannot be made here."""
    from seedance_pipe.studio.doctor import findings_here

    findings = findings_here()
    if as_json:
        show_json([{"what": one.what, "state": one.state, "detail": one.detail} for one in findings])
    else:
        from seedance_pipe.report.table import columns

        click.echo(columns([(one.state, one.what, one.detail) for one in findings]), nl=False)
    return 6 if any(one.state == "missing" for one in findings) else 0
