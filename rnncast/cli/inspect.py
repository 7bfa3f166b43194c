"""`rnncast inspect`: what a model file holds."""

from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.plain import json_text


def inspect(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file; - is standard input.")] = o.MODEL_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Say what a model file holds: the net, its data and how good it was, seed, versions and size."""
    environment: Environment = context.obj

    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.report.card import card, card_table
    from rnncast.report.tables import print_table

    told = card(Forecaster.load(model), None if model == o.STREAM else model)
    if as_json:
        print(json_text(told, indent=1), file=environment.stdout)
    else:
        print_table(card_table(told), environment.stdout)
