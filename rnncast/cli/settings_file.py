"""Settings from a TOML file and back, named as flags, for all commands or for one of them.

    horizon = 18
    level = [50, 90]

    [compare]
    folds = 4

Entries at the top are settings, used by each command that has them; a table with a command's name holds any of its
options. The command line overrides RNNCAST_* variables, and those override the file.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import typer

from rnncast.config import NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.settings import flag, nearest

SECTIONS = (TableConfig, TaskConfig, NetConfig, TrainConfig)
_LINE = re.compile(r" \(at line (\d+), column \d+\)")


def take_settings(context: typer.Context, path: str | None) -> str | None:
    """Make the settings of a file the defaults of a command; a callback of typer. Raises UsageError if the file is
    wrong."""
    if path is not None and not context.resilient_parsing:
        context.default_map = _defaults(context, path, _parsed(path))
    return path


def _parsed(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"the settings file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file in UTF-8", hint="a settings file is TOML: horizon = 18") from None
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        place = f"{path}:{line[1]}" if line else path
        said = _LINE.sub("", str(error))
        raise UsageError(f"{place}: this is not TOML: {said}", hint="a line is name = value: horizon = 18") from None


def _defaults(context: typer.Context, path: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by the names of the command's parameters."""
    settings = {each for section in SECTIONS for spec in fields(section) for each in _names(spec.name)}
    parameters = dict(_options(context))
    own = given.get(context.info_name or "", {})
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, dict):
            continue
        if name.replace("_", "-") not in settings:
            raise UsageError(f"{path}: there is no setting called {name!r}", hint=nearest(name, sorted(settings)))
        parameter = parameters.get(name.replace("_", "-"))
        if parameter is not None and parameter.rich_help_panel is not None:  # a setting, not an option of the same name
            found[parameter.name] = _value(value, parameter)
    for name, value in own.items() if isinstance(own, dict) else ():
        parameter = parameters.get(name.replace("_", "-"))
        if parameter is None:
            hint = nearest(name, sorted(parameters))
            raise UsageError(f"{path}: {context.info_name} has no option called {name!r}", hint=hint)
        found[parameter.name] = _value(value, parameter)
    return found


def _names(field: str) -> tuple[str, str]:
    name = flag(field).removeprefix("--")
    return name, f"no-{name}"


def _options(context: typer.Context) -> Iterator[tuple[str, Any]]:
    for parameter in context.command.params:
        for name in parameter.opts:
            if name.startswith("--"):
                yield name.removeprefix("--"), parameter


def _value(value: Any, parameter: Any) -> Any:
    """Return a value as the option takes it: several as a list if it may be repeated, else as text with commas."""
    if isinstance(value, list):
        return value if parameter.multiple else ",".join(map(str, value))
    return [value] if parameter.multiple else value
