"""Settings as keyword arguments: checked on arrival, and shown in the signature for help and completion."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from rnncast.api.terms import in_python_terms, keyword
from rnncast.config import Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.settings import sorted_out, updated

Function = TypeVar("Function", bound=Callable[..., Any])
CONFIG = (TaskConfig, NetConfig, TrainConfig)
ALL = (TableConfig, *CONFIG)


def takes(*sections: Any, without: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Return a decorator that shows the settings of some sections in the signature of a function taking **settings."""

    def shown(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        taken = {*without, *(each.name for each in own)}
        names = [(keyword(spec.name), spec.default) for section in sections for spec in fields(section)]
        settings = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, default in names
            if name not in taken
        ]
        called = in_python_terms(function)
        called.__signature__ = signature.replace(parameters=[*own, *settings])  # type: ignore[attr-defined]
        return called

    return shown


def table_and_config(
    settings: dict[str, Any], table: TableConfig | None = None, config: Config | None = None
) -> tuple[TableConfig, Config]:
    """Return how to read a table and what to train, from keywords applied to defaults.

    Raises UsageError, naming the keyword, if one is unknown or invalid.
    """
    config, table = config or Config(), table or TableConfig()
    read, task, net, train = sorted_out(settings, table, config.task, config.net, config.train)
    asked = Config(task=updated(config.task, task), net=updated(config.net, net), train=updated(config.train, train))
    return updated(table, read), asked
