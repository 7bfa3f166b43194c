"""Task of a forecast from options: how far, with which seasons, and within which bounds."""

from typing import Any

import typer

from rnncast.config import TaskConfig
from rnncast.settings import BOUNDS, several


def bounds_from(context: typer.Context) -> dict[str, Any]:
    """Return the bounds that --min and --max ask for. Raises UsageError if they are invalid."""
    task = TaskConfig(**{name: context.params[name] for name in BOUNDS})
    return {name: getattr(task, name) for name in BOUNDS}


def task_from(context: typer.Context) -> TaskConfig:
    """Return the task that --horizon, --season, --min and --max ask for. Raises UsageError if it is invalid."""
    season = context.params["season"]
    seasons = None if season is None else several("seasons", season, int)
    return TaskConfig(horizon=context.params["horizon"], seasons=seasons, **bounds_from(context))
