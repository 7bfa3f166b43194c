"""Write docs/commands/: a page for each command, from what --help says and from real runs.

    python docs/make_commands.py            write the pages
    python docs/make_commands.py --options  only what needs no run, in the pages that there are

Examples run in a folder that holds sales.csv (air passengers), actual.csv (their last year) and stores.csv (store
sales), one after another, as the examples of `rnncast.cli.examples` stand.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import typer.main

from rnncast.cli.app import COMMANDS, program_with
from rnncast.cli.examples import EXAMPLES, MISTAKES

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "commands"
OPTIONS = ("<!-- options: written by docs/make_commands.py -->", "<!-- end of options -->")
MOST_LINES = 16  # of the output of an example
FIRST_PANEL = "Options"
TAKES_TIME = re.compile(r"\bin \d[\d.]* s\b")
OF_THE_MACHINE = ("doctor",)  # whose output no other machine repeats


def options(name: str) -> str:
    """Return the options of a command by their groups, as a table each."""
    command = typer.main.get_command(program_with([name]))
    panels: dict[str, list[str]] = {}
    for parameter in _parameters(command, name):
        flags = ", ".join(f"`{flag}`" for flag in [*parameter.opts, *parameter.secondary_opts] if flag.startswith("-"))
        panel = "Arguments" if not flags else parameter.rich_help_panel or FIRST_PANEL
        meaning = " ".join((parameter.help or "").split()).replace("|", "\\|")
        row = f"| {flags or parameter.metavar or parameter.name} | {meaning} | {_default(parameter)} |"
        panels.setdefault(panel, []).append(row)
    tables = [
        "\n".join([f"**{panel}**", "", "| | meaning | default |", "|---|---|---|", *rows])
        for panel, rows in panels.items()
    ]
    return "\n\n".join(tables)


def _parameters(command: Any, name: str) -> list[Any]:
    commands = getattr(command, "commands", None)
    return list((commands[name] if commands else command).params)


def _default(parameter: Any) -> str:
    default = parameter.show_default if isinstance(parameter.show_default, str) else parameter.default
    if default in (None, False, "", ()) or callable(default):
        return ""
    return "yes" if default is True else f"`{getattr(default, 'value', default)}`"


def page(name: str, folder: Path) -> str:
    """Return the whole page of a command, whose examples and mistakes are run."""
    command = typer.main.get_command(program_with([name]))
    commands = getattr(command, "commands", None)
    about = (commands[name] if commands else command).help or ""
    parts = [f"# rnncast {name}", about, "## Examples"]
    for example in EXAMPLES[name]:
        parts += [f"{example.meaning[0].upper()}{example.meaning[1:]}:", _block(example.command, folder)]
    parts += ["## Options", "\n".join([OPTIONS[0], options(name), OPTIONS[1]])]
    if name in MISTAKES:
        parts += ["## Mistakes and their messages", *(_block(mistake, folder) for mistake in MISTAKES[name])]
    parts += ["Exit codes are those of [every command](../exit-codes.md)."]
    return "\n\n".join(parts) + "\n"


def _block(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = TAKES_TIME.sub("in ... s", done.stdout).rstrip().splitlines()
    shown = lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], f"... ({len(lines)} lines)"]
    return "\n".join(["```text", f"$ {command}", *shown, "```"])


def prepared(folder: Path) -> None:
    """Put the data of the examples in a folder, and a model to continue from."""
    sample = ROOT / "sample_data"
    lines = (sample / "air_passengers.csv").read_text().splitlines(keepends=True)
    (folder / "sales.csv").write_text("".join(lines[:-12]))
    (folder / "actual.csv").write_text("".join([lines[0], *lines[-12:]]))
    shutil.copy(sample / "store_sales.csv", folder / "stores.csv")
    program = [str(Path(sys.executable).parent / "rnncast"), "train", "sales.csv", "--quiet"]
    subprocess.run([*program, "-o", "sales.safetensors"], cwd=folder, check=True)
    shutil.copy(folder / "sales.safetensors", folder / "rnncast.safetensors")
    forecast = [program[0], "forecast", "-m", "sales.safetensors", "-o", "forecast.csv", "--quiet"]
    subprocess.run(forecast, cwd=folder, check=True)


def main(arguments: list[str]) -> None:
    """Write the pages, or only the options in them."""
    PAGES.mkdir(exist_ok=True)
    if arguments == ["--options"]:
        for name in COMMANDS:
            text = (PAGES / f"{name}.md").read_text()
            begin, end = text.index(OPTIONS[0]) + len(OPTIONS[0]), text.index(OPTIONS[1])
            (PAGES / f"{name}.md").write_text(f"{text[:begin]}\n{options(name)}\n{text[end:]}")
        return
    with tempfile.TemporaryDirectory() as name:
        start = Path(name) / "start"
        start.mkdir()
        prepared(start)
        for command in COMMANDS:
            shutil.copytree(start, Path(name) / command)
            (PAGES / f"{command}.md").write_text(page(command, Path(name) / command))
            print(f"docs/commands/{command}.md", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
