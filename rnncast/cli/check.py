"""`rnncast check`: what was recognised in a table, and what is wrong with it."""

from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.given import config_from, table_from, with_settings
from rnncast.cli.output import check_outputs
from rnncast.config import TableConfig, TaskConfig
from rnncast.plain import json_text


@with_settings(TableConfig, TaskConfig, without=("levels",))
def check(
    context: typer.Context,
    data: o.Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON, every series too.")] = False,
    plot: o.Plot = None,
    no_plot: o.NoPlot = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Say what a table holds and what is wrong with it, series by series.

    Exits with 1 if train would refuse it.
    """
    environment: Environment = context.obj
    path = environment.data_or_stdin(data, "check")
    check_outputs([], [path], plot)

    from rnncast.evaluate.check import check_table
    from rnncast.report.progress import reading_progress
    from rnncast.report.tables import findings_table, notable, print_table

    with reading_progress(environment.side_screen, environment.shows_progress) as progress:
        findings = check_table(path, table_from(context), config_from(context), progress)
    if plot is not None and (panel := findings.panel) is not None and len(panel):
        from rnncast.report.figures.file import write_figure
        from rnncast.report.figures.series import series_figure

        write_figure(plot, lambda: series_figure(findings, panel), environment.say)
    if as_json:
        print(json_text(findings.to_dict(), indent=1), file=environment.stdout)
    else:
        for note in findings.notes:
            environment.say(note)
        if findings.panel is not None and environment.draws_on(environment.stdout):
            from rnncast.report.pictures import check_picture

            with_values = range(len(findings.panel))
            shown = [row for row in notable(findings) if row in with_values]
            if shown:
                print_table(check_picture(findings.panel, shown), environment.stdout)
        if findings.rows:
            print_table(findings_table(findings), environment.stdout)
    if findings.refusal is not None:
        raise findings.refusal
