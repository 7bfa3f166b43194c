"""`rnncast compare FOLDER --cluster`: the partitions of a table one by one, and a verdict on all."""

from functools import partial
from typing import TYPE_CHECKING

import typer

from rnncast.cli.environment import Environment
from rnncast.cli.given import config_from, table_from
from rnncast.cli.partitions import partitions_of, say_empty
from rnncast.cli.reading import read_data
from rnncast.config import PRETRAINED, TableConfig
from rnncast.errors import DataError, EmptyTableError, UsageError
from rnncast.files.formats.folders import Found
from rnncast.plain import counted

if TYPE_CHECKING:
    from rnncast.evaluate.findings import Findings
    from rnncast.series.panel import Panel

WHOLE = ("with_", "by", "save_forecasts", "report", "plot", "data_of_model")


def compared_in_partitions(context: typer.Context, cluster: str) -> "Findings":
    """Compare on each partition, as the first of them decides the task, and judge the scores of all together.

    Raises UsageError for candidates that would be trained, and for options that need all series at once; DataError if a
    partition fails.
    """
    from rnncast.choices.decide import resolve
    from rnncast.evaluate.baselines import BASELINES
    from rnncast.evaluate.compare import Entry, Plan, parts_judged
    from rnncast.evaluate.scores import joined
    from rnncast.report.progress import progress
    from rnncast.scale.comparing import ComparedPart, compare_part
    from rnncast.scale.mapping import check_cluster, mapped
    from rnncast.scale.partitions import Task

    environment: Environment = context.obj
    found = partitions_of(context, WHOLE, "compared")
    check_cluster(cluster)
    models, baselines = (tuple(context.params[name] or ()) for name in ("candidate", "baseline"))
    if trained := [name for name in models or ("lstm",) if name not in (PRETRAINED, *BASELINES)]:
        raise UsageError(
            f"{trained[0]} would be trained in each partition by itself, which is not one model of all",
            hint=f"compare --model {PRETRAINED}, or a baseline; or compare on a table of some of the series",
        )
    plan = Plan(tuple(map(Entry, models)), tuple(map(Entry, baselines)), context.params["folds"])
    table, config = table_from(context), config_from(context)
    first = _first(found, table, environment)
    task = resolve(config, first).task
    environment.say(f"horizon {task.horizon}, season {task.season} in all {counted(len(found.parts), 'partition')}")
    tasks = [Task(part, "") for part in found.parts]
    comparisons, unscored, empty = {}, 0, list[str]()
    work = partial(compare_part, table=table, plan=plan, decided=task)
    with progress(environment.side_screen, environment.shows_progress) as advance:
        for done, outcome in enumerate(mapped(tasks, work, cluster), 1):
            advance(done, len(tasks), f"{done:,} of {counted(len(tasks), 'partition')}")
            if outcome.error:
                raise DataError(outcome.failure, hint="mend or leave out that file")
            if outcome.empty:
                empty.append(outcome.path)
            elif isinstance(outcome, ComparedPart) and outcome.comparison is not None:
                comparisons[outcome.path] = outcome.comparison
            else:
                unscored += outcome.series or 0
    say_empty(empty, len(found.parts), environment)
    if unscored:
        environment.say(f"{unscored} series of other partitions not scored")
    if not comparisons:
        raise DataError("no series of any partition can be scored", hint="ask for fewer --folds or a shorter --horizon")
    return parts_judged(joined([comparisons[part.path] for part in found.parts if part.path in comparisons]), plan)


def _first(found: Found, table: TableConfig, environment: Environment) -> "Panel":
    """Return the panel in the first partition that holds a row."""
    for part in found.parts[:-1]:
        try:
            return read_data(Found((part,)), table, environment, environment.say)
        except EmptyTableError:
            continue
    return read_data(Found(found.parts[-1:]), table, environment, environment.say)
