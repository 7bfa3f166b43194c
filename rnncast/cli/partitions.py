"""`rnncast forecast FOLDER -o FOLDER/`: the partitions of a table one by one, here or on a cluster."""

import os
from collections.abc import Sequence
from functools import partial
from time import time
from typing import TYPE_CHECKING

import typer

from rnncast.cli.dialects import PLAIN, check_written
from rnncast.cli.environment import Environment
from rnncast.cli.follow import Shown
from rnncast.cli.given import table_from
from rnncast.cli.output import Format
from rnncast.cli.pretrained import check_pretrained, is_pretrained, refuse_season, say_pretrained
from rnncast.cli.task import task_from
from rnncast.config import PRETRAINED, quantiles_from
from rnncast.errors import EmptyTableError, ExitCode, UsageError
from rnncast.files.formats.folders import Found, named, tables_of, would_be_read
from rnncast.plain import counted

if TYPE_CHECKING:
    from rnncast.scale.partitions import Job, Outcome

FORMS = {Format.auto: "csv", Format.csv: "csv", Format.jsonl: "jsonl", Format.parquet: "parquet"}
WHOLE = ("paths", "sum_", "total", "by", "continued", "save_state", "followed", "future", "report", "series", "plot")
MOST_EMPTY = 5  # partitions that are named in a line
MOST_FAILED = 20  # partitions that are named, before they are only counted


def exit_if_partitioned(context: typer.Context) -> None:
    """Forecast each partition by itself, and exit, if the output is a folder, or a cluster or a shard is named."""
    params = context.params
    output = params["output"]
    if output.endswith(os.sep) or os.path.isdir(output) or params["cluster"] or params["shard"]:
        raise typer.Exit(forecast_partitions(context))


def forecast_partitions(context: typer.Context) -> ExitCode:
    """Forecast each partition into a file of its own; name those that failed at the end.

    Raises UsageError for options that need all series at once.
    """
    from rnncast.report.progress import progress
    from rnncast.scale.mapping import check_cluster, mapped
    from rnncast.scale.partitions import forecast_part, sharded, tasks_of

    environment: Environment = context.obj
    params = context.params
    output, cluster = params["output"], params["cluster"]
    found = _found(context)
    if cluster is not None:
        check_cluster(cluster)
    job = _job(context, found)
    tasks = sharded(tasks_of(found, output, job.form), params["shard"])
    failed: list[Outcome] = []
    empty: list[str] = []
    series, finished = 0, 0
    with progress(environment.side_screen, environment.shows_progress) as advance:
        for done, outcome in enumerate(mapped(tasks, partial(forecast_part, job=job, began=time()), cluster), 1):
            advance(done, len(tasks), f"{done:,} of {counted(len(tasks), 'partition')}, {len(failed)} failed")
            series += outcome.series or 0
            finished += outcome.series is None and not outcome.error
            if outcome.empty:
                empty.append(outcome.path)
            elif outcome.error:
                failed.append(outcome)
                environment.detail(f"{outcome.path}: {outcome.error}")
    written = len(tasks) - finished - len(failed) - len(empty)
    before = f"; {finished:,} {'was' if finished == 1 else 'were'} finished before" if finished else ""
    environment.say(f"{counted(series, 'series', 'series')} in {counted(written, 'partition')} to {output}{before}")
    say_empty(empty, len(found.parts), environment)
    for outcome in failed[:MOST_FAILED]:
        environment.warn(f"failed: {outcome.failure}")
    if failed:
        environment.warn(f"{counted(len(failed), 'partition')} of {len(tasks):,} failed; run again to try only those")
    return ExitCode.COULD_NOT if failed else ExitCode.DONE


def say_empty(empty: Sequence[str], partitions: int, environment: Environment) -> None:
    """Name the partitions that hold no row. Raises EmptyTableError if that is all of them."""
    names = ", ".join(sorted(empty)[:MOST_EMPTY])
    if len(empty) == partitions:
        raise EmptyTableError(f"no partition holds a row: {names}", hint="give a folder of tables with rows")
    if empty:
        environment.say(f"{counted(len(empty), 'partition is', 'partitions are')} empty and passed over: {names}")


def partitions_of(context: typer.Context, whole: Sequence[str], done: str) -> Found:
    """Return the partitions named. done: what happens to each. Raises UsageError for options that need all series at
    once, and for what has no partitions."""
    for name in whole:
        if context.params[name]:
            flag = f"--{name.strip('_')}".replace("continued", "continue").replace("followed", "follow")
            raise UsageError(
                f"{flag.replace('_', '-')} needs all series at once, and partitions are {done} one by one",
                hint="leave it out, or name a single file",
            )
    data = tables_of(context.params["data"])
    if not isinstance(data, Found):
        said = "no data" if data is None else f"{named(data)} is one table, and has no partitions"
        raise UsageError(said, hint="name a folder of tables, or a pattern")
    return data


def _found(context: typer.Context) -> Found:
    """Return the partitions to forecast. Raises UsageError for what cannot go with them."""
    found, output = partitions_of(context, WHOLE, "forecast"), context.params["output"]
    if output == "-":
        raise UsageError("partitions are written into a folder", hint="name one: -o forecasts/")
    if context.params["format"] not in FORMS:
        raise UsageError(f"--format {context.params['format']} is not for partitions", hint="use csv, jsonl or parquet")
    check_written(context.params["dialect"], context.params["digits"])
    if would_be_read(os.path.join(output, "x.csv"), found):
        raise UsageError(f"{output} is read, and forecasts would be mixed with it", hint="write to another folder")
    return found


def _job(context: typer.Context, data: Found) -> "Job":
    """Return what is done with each partition. Raises ModelFileError if the model cannot be loaded."""
    from rnncast.scale.partitions import Job, file_hash

    params = context.params
    shown = Shown(quantiles_from(params["level"], params["quantiles"]), by_level=params["quantiles"] is None)
    if is_pretrained(context, data):
        check_pretrained(context, data)
        say_pretrained(context, data)
        model, model_hash, table = PRETRAINED, "", table_from(context)
    else:
        from rnncast.forecaster.forecaster import Forecaster

        refuse_season(params["season"])
        model = os.path.abspath(params["model"])
        table, model_hash = table_from(context, Forecaster.load(params["model"]).source.table), file_hash(model)
    return Job(
        model,
        model_hash,
        table,
        task_from(context),
        shown.probabilities,
        shown.by_level,
        form=FORMS[params["format"]],
        digits=params["digits"],
        plain=params["dialect"] == PLAIN,
    )
