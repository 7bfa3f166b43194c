"""Training in several processes that `torchrun` has started: each reads its own files, and the first speaks and
writes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import typer

from rnncast.cli.environment import Environment
from rnncast.cli.place import place
from rnncast.cli.reading import read_data
from rnncast.cli.surviving import Checkpoints, Wanted, checkpoints
from rnncast.config import ANY_NET, FINETUNED, Config, TableConfig
from rnncast.errors import UsageError
from rnncast.files.formats.folders import Found, Tables, find_files, named
from rnncast.plain import counted

if TYPE_CHECKING:
    from rnncast.series.panel import Panel
    from rnncast.training.ranks import Ranks


def ranks_of(context: typer.Context, config: Config, data: Tables) -> "tuple[Ranks, str]":
    """Join the ranks of a training, if there are several; return them, and the device of this one.

    Raises UsageError for what they cannot do together.
    """
    from rnncast.training.ranks import ALONE

    rank, size, here = place()
    device = context.params["device"]
    if size == 1:
        return ALONE, device
    _refuse(context, config, data, size)
    from rnncast.training.device import find_device
    from rnncast.training.torchrun import joined_ranks, leave, own_device

    device = own_device(device, here)
    ranks = joined_ranks(rank, size, find_device(device))
    context.call_on_close(leave)
    if "OMP_NUM_THREADS" not in os.environ:
        context.obj.say("hint: set OMP_NUM_THREADS to the cores of a machine divided by its ranks, which else compete")
    return ranks, device


def _refuse(context: typer.Context, config: Config, data: Tables, size: int) -> None:
    refused = [f"--{name}" for name in ("ledger", "report") if context.params[name] is not None]
    refused += ["--model auto"] if config.net.model == ANY_NET else []
    refused += [f"--from {FINETUNED}"] if config.train.start == FINETUNED else []
    if refused:
        raise UsageError(f"{refused[0]} is for one process, not for {size}", hint="start rnncast without torchrun")
    found = find_files(data)
    if found is None or len(found.parts) < size:
        files = 1 if found is None else len(found.parts)
        raise UsageError(
            f"{named(data)} has {counted(files, 'file')}, too few for {size} ranks, each of which reads its own",
            hint="partition the table by series into more files, or start fewer ranks",
        )


def read_own(data: Tables, table: TableConfig, environment: Environment, ranks: "Ranks") -> "Panel":
    """Return the panel in all files of a table, of which each rank reads its own.

    Raises DataError, on all ranks, if one of them cannot, or if a series lies in the files of two.
    """
    if ranks.size == 1:
        return read_data(data, table, environment, environment.say)
    from rnncast.series.joining import joined_panel, panel_in_parts, panel_of_parts

    found = find_files(data)
    assert found is not None
    own = Found(tuple(found.parts[part] for part in ranks.own_of(len(found.parts))))
    plain, arrays = panel_in_parts(ranks.together(lambda: read_data(own, table, environment, environment.say)))
    panel = joined_panel(list(map(panel_of_parts, ranks.told(plain), ranks.gathered(arrays))))
    environment.say(f"{ranks.size} ranks: {len(panel)} series, {counted(len(panel.y), 'step')} in all")
    return panel


@contextmanager
def shared_checkpoints(wanted: Wanted | None, environment: Environment, ranks: "Ranks") -> Iterator[Checkpoints]:
    """Keep checkpoints, as `checkpoints` does, which the first rank writes and reads for all."""
    if ranks.size == 1 or wanted is None:
        with checkpoints(wanted, environment) as kept:
            yield kept
        return
    from rnncast.training.checkpoint import Checkpoint

    with ExitStack() as stack:
        own = checkpoints(wanted if ranks.first else None, environment)
        kept = ranks.together(lambda: stack.enter_context(own))
        plain, arrays = (None, {}) if kept.start is None else kept.start.to_parts()
        plain, arrays = ranks.told(plain)[0], ranks.gathered(arrays)[0]
        yield kept._replace(start=None if plain is None else Checkpoint.from_parts(plain, arrays))
