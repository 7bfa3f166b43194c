"""`rnncast doctor`: what is installed, and what a run would find."""

from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.plain import json_text


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Say what is installed: versions, optional parts, devices, threads and memory.

    For a bug report, or before a long training run.
    """
    environment: Environment = context.obj

    from rnncast.evaluate.doctor import examine
    from rnncast.report.card import card_table
    from rnncast.report.tables import print_table

    found = examine()
    if as_json:
        print(json_text(found, indent=1), file=environment.stdout)
    else:
        print_table(card_table(found), environment.stdout)
