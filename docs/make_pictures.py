"""Make the pictures of README.md and of docs/ from real runs: `python docs/make_pictures.py`, into docs/pictures/.

A picture of a terminal is what a command draws on one, 100 columns wide, exported by rich; a figure is drawn by
`--plot`. Names on the command line choose some of them. Unix only, because it needs a pseudo-terminal.
"""

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
COLUMNS = 100
TRAIN = "rnncast train sample_data/air_passengers.csv -q"
SHOWN = {"terminal-forecast": "rnncast forecast"}  # on a terminal, by the name of the picture
DRAWN = {
    "forecast": "rnncast forecast --level 50,80,95",
    "compare": "rnncast compare sample_data/air_passengers.csv --model pretrained --baseline drift",
}  # by --plot, by the name of the figure
# Dark on light, so that it is legible beside the text of a page, whatever the colour of that.
_COLOURS = [(213, 94, 0), (0, 158, 115), (138, 109, 0), (0, 114, 178), (168, 85, 138), (58, 143, 196)]
_NORMAL = [(34, 34, 34), *_COLOURS, (90, 90, 90)]
LIGHT = TerminalTheme((255, 255, 255), (34, 34, 34), _NORMAL, [(118, 118, 118), *_COLOURS, (0, 0, 0)])
# The letters are those of the reader: nothing is fetched to show the picture.
FONT = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: FONT; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#ffffff" stroke="#d0d0d0" />
<g transform="translate(9, 10)" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def main(names: list[str]) -> None:
    """Make the named pictures, or all."""
    chosen = names or [*SHOWN, *DRAWN]
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sample_data").symlink_to(ROOT / "sample_data")
        subprocess.run(TRAIN.split(), cwd=folder, check=True)
        for name in chosen:
            path = FOLDER / f"{name}.svg"
            if name in SHOWN:
                path.write_text(terminal_picture(SHOWN[name], shown(SHOWN[name], folder), name))
            else:
                subprocess.run(
                    [*DRAWN[name].split(), "-q", "--plot", path], cwd=folder, check=True, stdout=subprocess.DEVNULL
                )
            print(path.relative_to(ROOT))


def shown(command: str, folder: str) -> str:
    """Return what a command writes on a terminal, with its colours."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "COLUMNS": str(COLUMNS),
        "LINES": "60",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    for name in ("NO_COLOR", "LC_ALL"):
        environment.pop(name, None)
    environment["LANG"] = "C.UTF-8"
    process = subprocess.Popen(command.split(), stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{command} ended with {process.returncode}:\n{written.decode()}")
    return written.decode().replace("\r\n", "\n")


def terminal_picture(command: str, written: str, name: str) -> str:
    """Return a terminal with a command and what it wrote, as SVG."""
    with open(os.devnull, "w") as nowhere:
        console = Console(file=nowhere, record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
        console.print(Text.assemble(("$ ", "bright_black"), (command, "bold")))
        console.print(Text.from_ansi(written.rstrip("\n")))
        svg = console.export_svg(title=command, theme=LIGHT, code_format=FORMAT.replace("FONT", FONT), unique_id=name)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


if __name__ == "__main__":
    main(sys.argv[1:])
