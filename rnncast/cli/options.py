"""The options of the commands. Those that are settings take flag, default and meaning from the config."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import Field, fields, replace
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from rnncast.cli.output import Format
from rnncast.config import Config, NetConfig, TableConfig, TaskConfig, TrainConfig, flag
from rnncast.errors import UsageError
from rnncast.runtime.registry import NETS

MODEL_FILE = "rnncast.safetensors"
STREAM = "-"  # standard input or output

Section = TypeVar("Section", TableConfig, TaskConfig, NetConfig, TrainConfig)
Command = Callable[..., None]

_PANELS = {
    TableConfig: "Reading the data",
    TaskConfig: "What to forecast",
    NetConfig: "The net",
    TrainConfig: "Training",
}
_SHORT = {"horizon": "-H"}
_NETS = "; ".join(f"{name} remembers {entry.memory}" for name, entry in NETS.items())

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA", help="CSV, JSON Lines or Parquet; - or a pipe is standard input.", show_default=False
    ),
]
ModelFile = Annotated[str, typer.Option("--model", "-m", help="The model file; - is standard input.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="auto is a table on a terminal, CSV elsewhere.")]
Device = Annotated[str, typer.Option(help="Where to train: auto, cpu, cuda, cuda:1 or mps.")]
Output = Annotated[str, typer.Option("--output", "-o", help="Where to write; - is standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]


def with_settings(*sections: type, without: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Give a command an option for every setting of the sections; it finds their values in its context.

    `config_from` and `table_from` make configs of them.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command).parameters
        settings = [
            _parameter(section, spec) for section in sections for spec in fields(section) if spec.name not in without
        ]

        @functools.wraps(command)
        def call_with_own(**given: Any) -> None:
            command(**{name: given[name] for name in own})

        parameters = [*(p.replace(kind=p.KEYWORD_ONLY) for p in own.values()), *settings]
        call_with_own.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call_with_own.__annotations__ = {p.name: p.annotation for p in parameters}
        return call_with_own

    return decorate


def config_from(context: typer.Context, base: Config | None = None) -> Config:
    """The base Config (the defaults, unless given) with every setting that stands on the command line."""
    base = base or Config()
    given = _given(context)
    return Config(task=_updated(base.task, given), net=_updated(base.net, given), train=_updated(base.train, given))


def table_from(context: typer.Context, base: TableConfig | None = None) -> TableConfig:
    """How to read the table: as `base` says, but for what stands on the command line."""
    return _updated(base or TableConfig(), _given(context))


def _parameter(section: type, spec: "Field[Any]") -> inspect.Parameter:
    kind = get_type_hints(section)[spec.name]
    default: Any = spec.default
    metavar = None
    if _is_list(spec.name):
        kind, metavar = str | None, "N,N"
        default = ",".join(f"{value:g}" for value in default) if default else None
    meaning = spec.metadata["meaning"] + (f" {_NETS}." if spec.name == "model" else "")
    switch = f"/--no-{spec.name}" if kind is bool else ""
    flags = [flag(spec.name) + switch, *([_SHORT[spec.name]] if spec.name in _SHORT else [])]
    option = typer.Option(*flags, help=meaning, rich_help_panel=_PANELS[section], metavar=metavar)
    return inspect.Parameter(
        spec.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def _given(context: typer.Context) -> dict[str, Any]:
    """What stands on the command line, and was not merely a default."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {
        name: value
        for name, value in context.params.items()
        if getattr(sources[name], "name", "") in ("COMMANDLINE", "ENVIRONMENT")
    }


def _updated(section: Section, given: Mapping[str, Any]) -> Section:
    names = {spec.name for spec in fields(section)}
    changes = {name: _plain(name, value) for name, value in given.items() if name in names}
    return replace(section, **changes)


def _plain(name: str, value: Any) -> Any:
    if not _is_list(name):
        return value
    number = int if name == "seasons" else float
    try:
        return tuple(number(part) for part in value.split(","))
    except ValueError:
        kind = "whole numbers" if number is int else "numbers"
        raise UsageError(f"{flag(name)} is {value!r}, but must be {kind} with commas between them") from None


def _is_list(name: str) -> bool:
    return name in ("seasons", "levels")
