"""Fuzz settings as JSON: a Config, and all else that the header of a model file says."""

import json
from contextlib import suppress
from typing import Any

from rnncast.config import Config, quantiles_from
from rnncast.errors import UsageError
from rnncast.files.output import format_1, format_2
from rnncast.forecaster.header import Header
from rnncast.plain import from_plain
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Columns
from rnncast.spec import ModelSpec
from rnncast.table_config import TableConfig
from rnncast.times.frequency import Frequency

KINDS = (
    Config.from_dict,
    Frequency.from_dict,
    Columns.from_dict,
    Encoding.from_dict,
    Header.from_dict,
    ModelSpec.from_dict,
    lambda values: format_1.upgraded(values, {}) if isinstance(values, dict) else None,
    lambda values: format_2.upgraded(values) if isinstance(values, dict) else None,
    lambda values: from_plain(TableConfig, values),
)
SECTIONS = ("task", "net", "train")


def _whole(data: bytes) -> None:
    try:
        values = json.loads(data[1:])
    except (ValueError, RecursionError):
        return
    with suppress(UsageError, ValueError):
        KINDS[data[0] % len(KINDS)](values)


def _one(data: bytes) -> None:
    """One setting of a Config in another's place: its name is chosen by a byte, its value is JSON."""
    values: dict[str, Any] = Config().to_dict()
    section = values[SECTIONS[data[0] % 3]]
    names = list(section)
    try:
        section[names[data[1] % len(names)]] = json.loads(data[2:])
    except (ValueError, RecursionError, IndexError):
        return
    with suppress(UsageError):
        config = Config.from_dict(values)
        assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
        assert list(config.task.quantiles) == sorted(set(config.task.quantiles))


def _words(data: bytes) -> None:
    text = data[1:].decode("utf-8", "replace")
    for levels, quantiles in ((text, None), (None, text)):
        with suppress(UsageError):
            found = quantiles_from(levels, quantiles) or ()
            assert all(0 < each < 1 for each in found)
            assert list(found) == sorted(set(found))


def try_input(data: bytes) -> None:
    """The first byte says what the rest is: a whole table, one setting, or a text of the command line."""
    if data:
        (_whole, _one, _words)[data[0] % 3](data[1:] or b"{")


if __name__ == "__main__":
    from harness import fuzz

    fuzz("settings")
