"""Room for a picture: its size, its colours, its heading."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions
from rich.text import Text

from rnncast.report.harmless import harmless

# From the colour-blind-safe palette of Okabe and Ito (2008); legible on light and dark backgrounds.
AHEAD, MISSING, FAINT = "#0072b2", "#d55e00", "bright_black"


@dataclass(frozen=True)
class Room:
    """Space for drawing, in characters, and whether braille and box characters are available."""

    width: int
    height: int
    braille: bool

    @classmethod
    def of(cls, console: Console, options: ConsoleOptions) -> "Room":
        """Return the room on a screen."""
        return cls(options.max_width, console.height, has_braille(options.encoding))

    def cut(self, text: Text) -> Text:
        """Return the text, shortened to the width."""
        text.truncate(self.width, overflow="ellipsis" if self.braille else "crop")
        return text


def has_braille(encoding: str) -> bool:
    """Return whether braille can be displayed: the encoding has it, and the locale is not plain C, whose terminals may
    not."""
    named = os.environ.get("LC_ALL") or os.environ.get("LANG")
    # Python itself changes LC_CTYPE from C to C.UTF-8 (PEP 538), so C.UTF-8 says nothing about the terminal.
    plain = named in ("C", "POSIX") and os.environ.get("LC_CTYPE", "") in ("", "C", "POSIX", "C.UTF-8")
    try:
        "⣿×└".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return not plain


@dataclass(frozen=True)
class Key:
    """Meaning of a mark: how it looks, with braille and without, and in words."""

    braille: str
    plain: str
    words: str
    style: str = ""


def heading(room: Room, title: str, keys: Iterable[Key]) -> Iterator[Text]:
    """Yield a title and the meanings of marks, on the same line if there is room."""
    name, legend = Text(harmless(title), "bold", no_wrap=True), Text(no_wrap=True)
    for key in keys:
        legend.append("   " if legend else "")
        legend.append(key.braille if room.braille else key.plain, key.style)
        legend.append(f" {key.words}")
    if name.cell_len + legend.cell_len + 3 <= room.width:
        yield Text.assemble(name, "   ", legend, no_wrap=True) if legend else name
    else:
        yield from (room.cut(name), room.cut(legend))
