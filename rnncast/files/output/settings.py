"""A settings file, as `--settings` reads it: names of flags in TOML."""

import json
from dataclasses import fields
from typing import Any

from rnncast.config import Config
from rnncast.settings import flag
from rnncast.table_config import TableConfig


def settings_text(table: TableConfig, config: Config) -> str:
    """Return a settings file of everything that is not at its default."""
    lines = []
    for section in (table, config.task, config.net, config.train):
        for spec in fields(section):
            value = getattr(section, spec.name)
            if value == spec.default:
                continue
            if value == () and "no" in spec.metadata["flags"]:
                lines.append(f"no-{spec.name} = true")
            else:
                lines.append(f"{flag(spec.name).removeprefix('--')} = {_toml(value)}")
    return "".join(f"{line}\n" for line in lines)


def comment(text: str) -> str:
    """Return lines of a settings file that say something, and set nothing."""
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
