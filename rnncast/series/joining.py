"""Panels in pieces: a panel as plain values and arrays that can be sent, and one panel of several with other series."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.config import ROLES
from rnncast.errors import DataError
from rnncast.series.covariates import Block, Covariate, Covariates, recoded
from rnncast.series.panel import Columns, Panel
from rnncast.times.frequency import Frequency


def panel_in_parts(panel: Panel) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return plain values for JSON, and arrays by name."""
    plain: dict[str, Any] = {
        "ids": list(panel.ids),
        "frequency": panel.frequency.to_dict(),
        "columns": panel.columns.to_dict(),
        "covariates": None,
    }
    arrays = {"start": panel.start, "y": panel.y, "indptr": panel.indptr}
    if panel.covariates is not None:
        blocks = panel.covariates.blocks
        plain["covariates"] = {
            role: [[c.name, list(c.levels)] for c in block.columns] for role, block in blocks.items()
        }
        arrays |= {role: block.values for role, block in blocks.items()} | {"reach": panel.covariates.reach}
    return plain, arrays


def panel_of_parts(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Panel:
    """Return the panel that `panel_in_parts` took apart."""
    covariates = None
    if plain["covariates"] is not None:
        blocks = {
            role: Block(tuple(Covariate(name, tuple(levels)) for name, levels in columns), arrays[role])
            for role, columns in plain["covariates"].items()
        }
        covariates = Covariates(**blocks, reach=arrays["reach"])
    return Panel(
        tuple(plain["ids"]),
        arrays["start"],
        arrays["y"],
        arrays["indptr"],
        Frequency.from_dict(plain["frequency"]),
        Columns.from_dict(plain["columns"]),
        covariates,
    )


def joined_panel(panels: Sequence[Panel]) -> Panel:
    """Return one panel of the series of several, in their order.

    Raises DataError if a series is in two of them, or if they were not read alike.
    """
    first = panels[0]
    for panel in panels[1:]:
        if panel.frequency != first.frequency:
            raise DataError(
                f"some files have {first.frequency.data} and others {panel.frequency.data}",
                hint="say which with --freq",
            )
        if panel.columns != first.columns:
            differing = [name for name, value in vars(first.columns).items() if getattr(panel.columns, name) != value]
            raise DataError(
                f"the files are not read alike: their {differing[0].replace('_', ' ')} differs",
                hint="say how they are to be read with --id, --time, --target, --time-format or --tz",
            )
    seen = dict[str, int]()
    for number, panel in enumerate(panels):
        for name in panel.ids:
            if seen.setdefault(name, number) != number:
                raise DataError(
                    f"the rows{first.columns.of_series(name)} lie in the files of two ranks",
                    hint="partition the table by series, so that all rows of a series lie in one file",
                )
    lengths = np.concatenate([panel.lengths for panel in panels])
    return replace(
        first,
        ids=tuple(seen),
        start=np.concatenate([panel.start for panel in panels]),
        y=np.concatenate([panel.y for panel in panels]),
        indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        covariates=_joined([panel.covariates for panel in panels if panel.covariates is not None]),
    )


def _joined(given: Sequence[Covariates]) -> Covariates | None:
    if not given:
        return None
    blocks = {role: _joined_block([each.blocks[role] for each in given]) for role in ROLES}
    return Covariates(**blocks, reach=np.concatenate([each.reach for each in given]))


def _joined_block(blocks: Sequence[Block]) -> Block:
    """Return the rows of blocks with the same columns, whose levels are numbered anew."""
    columns, values = [], []
    for i, column in enumerate(blocks[0].columns):
        levels = tuple(dict.fromkeys(level for block in blocks for level in block.columns[i].levels))
        if levels and any(not block.columns[i].levels and not np.isnan(block.values[:, i]).all() for block in blocks):
            raise DataError(
                f"{column.name!r} holds numbers in some files and words in others", hint="write it alike in all files"
            )
        columns.append(Covariate(column.name, levels))
        values.append(np.concatenate([recoded(block.values[:, i], block.columns[i], levels) for block in blocks]))
    return Block(tuple(columns), np.stack(values, 1)) if columns else Block()
