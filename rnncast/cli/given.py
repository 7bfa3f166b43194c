"""Options from settings: one for every setting, with flag, default and meaning from the config, and the configs made of
those that were given."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from rnncast.cli.options import PANELS
from rnncast.config import ANY_NET, Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.runtime.registry import NETS
from rnncast.settings import FLAGS, flag, item_of, range_in_words, updated

GIVEN = ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP")  # sources of a value other than its default

Section = TypeVar("Section", TableConfig, TaskConfig, NetConfig, TrainConfig)
Command = Callable[..., None]

_SHORT = {"horizon": "-H"}
_NO = "no_"  # prefix of the option that empties a setting
_NETS = "; ".join(f"{name} remembers {entry.memory}" for name, entry in NETS.items())
_NETS += f"; {ANY_NET} compares lstm and window, and takes lstm if it is clearly better"


def with_settings(*sections: type, without: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Give a command an option for every setting of the sections, with values in the command's context.

    `config_from` and `table_from` make configs of them.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command).parameters
        settings = [
            parameter
            for section in sections
            for spec in fields(section)
            if spec.name not in without
            for parameter in _parameters(section, spec)
        ]

        @functools.wraps(command)
        def call_with_own(**given: Any) -> None:
            command(**{name: given[name] for name in own})

        parameters = [*(p.replace(kind=p.KEYWORD_ONLY) for p in own.values()), *settings]
        call_with_own.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call_with_own.__annotations__ = {p.name: p.annotation for p in parameters}
        return call_with_own

    return decorate


def words_of(spec: "Field[Any]") -> tuple[str, ...]:
    """Return the words allowed for a setting; () if it is not a word, or any word."""
    return tuple((*NETS, ANY_NET) if spec.name == "model" else spec.metadata["words"])


def completing(words: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a function for typer that completes a value in a shell."""

    def completed(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete.lower())]

    return completed


def stands(context: typer.Context, name: str) -> bool:
    """Return whether an option was given, on the command line or in a settings file, rather than left at its
    default."""
    return name in _given(context)


def config_from(context: typer.Context, base: Config | None = None) -> Config:
    """Return the base Config (by default, the defaults) with every setting that was given."""
    base = base or Config()
    given = _given(context)
    return Config(task=_updated(base.task, given), net=_updated(base.net, given), train=_updated(base.train, given))


def table_from(context: typer.Context, base: TableConfig | None = None) -> TableConfig:
    """Return the base TableConfig with every setting that was given."""
    return _updated(base or TableConfig(), _given(context))


def typed_again(context: typer.Context, *sections: type) -> list[str]:
    """Return the flags and values of the settings of some sections that were given, for a command to type."""
    names = {name for section in sections for spec in fields(section) for name in (spec.name, FLAGS.get(spec.name))}
    words: list[str] = []
    for name, value in _given(context).items():
        if name in names:
            words += [flag(name), str(value)] if not isinstance(value, bool) else [flag(name)] if value else []
    return words


def _parameters(section: type, spec: "Field[Any]") -> Iterator[inspect.Parameter]:
    """Yield the options of a setting: its own, and one that empties it, as its metadata say."""
    kind = get_type_hints(section)[spec.name]
    default: Any = spec.default
    metavar = None
    if (item := item_of(kind)) is not None:
        words = spec.metadata["words"] if item is not str else ()
        kind, metavar = str | None, "|".join(("NAME,NAME" if item is str else "N,N", *words))
        default = ",".join(f"{value:g}" for value in default) if default else None
    meaning = spec.metadata["meaning"] + (f" {_NETS}." if spec.name == "model" else "")
    meaning += f" ({bounds})" if (bounds := range_in_words(spec.metadata)) else ""
    switch = f"/--no-{spec.name}" if kind is bool else ""
    flags = [flag(spec.name) + switch, *([_SHORT[spec.name]] if spec.name in _SHORT else [])]
    panel, hidden = PANELS[section], "rare" in spec.metadata["flags"]
    if hidden or "own" in spec.metadata["flags"]:
        option = typer.Option(
            *flags,
            help=meaning,
            rich_help_panel=panel,
            metavar=metavar,
            hidden=hidden,
            envvar=f"RNNCAST_{spec.name.upper()}",
            show_envvar=False,
            autocompletion=completing(words_of(spec)),
        )
        yield _keyword(spec.name, default, Annotated[kind, option])
    if "no" in spec.metadata["flags"]:
        option = typer.Option(f"--no-{spec.name}", help=f"No {flag(spec.name)}.", rich_help_panel=panel, hidden=hidden)
        yield _keyword(_NO + spec.name, False, Annotated[bool, option])


def _keyword(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _given(context: typer.Context) -> dict[str, Any]:
    """Return the options that were given, rather than left at their defaults."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name: value for name, value in context.params.items() if getattr(sources[name], "name", "") in GIVEN}


def _updated(section: Section, given: Mapping[str, Any]) -> Section:
    specs = {spec.name: spec for spec in fields(section)}
    emptied: dict[str, Any] = {name: () for name in specs if given.get(_NO + name)}
    values = {name: value for name, value in given.items() if name in specs}
    return updated(section, {**values, **emptied})
