"""Card of a model file: what it is, from which data, how good, and when."""

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from rnncast.forecaster.forecaster import Forecaster
from rnncast.report.words import interruption_in_words, name_of, scores_in_words
from rnncast.spec import ModelSpec

Card = dict[str, Any]


def card(forecaster: Forecaster, path: str | None) -> Card:
    """Return the facts about a model, in order. path: of its file, for size and date; None for a pipe.

    The date is the file system's: the same model gives the same bytes, so the file itself records no time.
    """
    spec, interruption = forecaster.spec, forecaster.interruption
    task, frame, net, train = spec.task, spec.frame, spec.net, spec.train
    ends = forecaster.frequency.times(np.unique(forecaster.cutoff)[[0, -1]])
    last = map(str, forecaster.columns.written(ends))
    file: Card = {"format": forecaster.format}
    if path is not None:
        status = Path(path).stat()
        file |= {
            "bytes": status.st_size,
            "written": datetime.fromtimestamp(status.st_mtime).astimezone().isoformat(" ", "seconds"),
        }
    return {
        "file": file,
        "net": {
            "model": name_of(spec),
            **_trained(spec),
            "parameters": sum(weight.size for weight in forecaster.weights.values()),
        },
        "forecasts": {
            "horizon": task.horizon,
            "strategy": task.strategy,
            "levels": list(task.levels),
            "seasons": list(task.seasons),
            "transform": frame.transform,
            **{name: bound for name, bound in task.bounds_to_ask.items() if bound is not None},
        },
        "data": {
            "path": forecaster.source.name or None,
            "sha256": forecaster.source.fingerprint,
            "series": len(forecaster.ids),
            "target": forecaster.columns.target,
            "frequency": forecaster.frequency.name,
            "last time": " to ".join(dict.fromkeys(last)),
            **{role: [code.name for code in codes if code.used] for role, codes in forecaster.encoding.codes.items()},
        },
        "scores": {name: score if math.isfinite(score) else None for name, score in forecaster.scores.items()},
        "training": {
            "epochs": train.epochs if net.members else None,
            "training": train.training,
            "seed": train.seed,
            "interrupted": interruption and interruption_in_words(interruption),
        },
        "versions": dict(forecaster.versions),
    }


def _trained(spec: ModelSpec) -> Card:
    """Return the facts about the trained nets, if there are any."""
    net, frame = spec.net, spec.frame
    if not net.members:
        return {}
    return {
        "members": net.members,
        "layers": net.layers,
        "hidden size": net.hidden_size,
        "window": frame.window,
        "base": list(frame.base),
    }


def card_table(told: Card) -> Table:
    """Return a line for each group of the card, without empty ones."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, values in told.items():
        if name == "scores":
            words = scores_in_words(told["net"]["model"], values) if values else "none: no data were held out"
            table.add_row(name, words)
            continue
        said = {key: _said(value) for key, value in values.items() if value not in (None, [], "")}
        table.add_row(name, ", ".join(f"{key} {value}" for key, value in said.items()))
    return table


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_said, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
