"""HTML from a Page. Text is escaped here, and nowhere else does text become markup.

The script that draws the charts and the style sheet are files beside this one, embedded in each page. The page's
content security policy allows these by their hashes and nothing else, so that text from data could not run or load
anything even if it became markup.
"""

import base64
import hashlib
import html
import json
import math
from collections.abc import Iterator
from importlib.resources import files
from itertools import count
from string import Template
from typing import Any

from rnncast.plain import all_finite
from rnncast.report.harmless import harmless
from rnncast.report.page.blocks import Block, Chart, Explorer, Page, Section, Table, Text
from rnncast.report.tables import number
from rnncast.version import VERSION

SHORT = 30  # characters of a cell that stay in one line
DIGITS = 5  # significant digits of a number that is drawn
SCRIPTS = ("elements", "axes", "chart", "figures")  # in order of dependence
_HERE = files("rnncast.report.page")


def page_html(page: Page) -> str:
    """Return the HTML file."""
    script, style = _script(), f"{_text('uplot/uPlot.min.css')}\n{_text('page.css')}"
    numbers = count()
    links = "".join(f'<li><a href="#{each.name}">{escaped(each.title)}</a></li>' for each in page.sections)
    charts = [block for each in page.sections for block in each.blocks if isinstance(block, Chart | Explorer)]
    return Template(_text("page.html")).substitute(
        policy=_policy(script, style),
        title=escaped(page.title),
        lead=escaped(page.lead),
        tone=page.tone,
        links=links,
        sections="".join(_section(each, numbers) for each in page.sections),
        command=escaped(page.command),
        version=VERSION,
        data=embedded([_drawn(each) for each in charts]),
        style=style,
        script=script,
    )


def escaped(text: str) -> str:
    """Return text as HTML in which it stays text, in a tag's content as in its attributes."""
    return html.escape(harmless(text))


def embedded(value: Any) -> str:
    r"""Return a plain value as JSON for a script element, which nothing in it can end: each < becomes \u003c."""
    text = json.dumps(all_finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _text(name: str) -> str:
    return _HERE.joinpath(name).read_text("utf-8")


def _script() -> str:
    """Return the script: the library, under its licence, and our own code, which defines no global name."""
    own = "\n".join(_text(f"{name}.js") for name in SCRIPTS)
    return f"/*\n{_text('uplot/LICENSE')}*/\n{_text('uplot/uPlot.iife.min.js')}\n(function () {{\n{own}}})();\n"


def _policy(script: str, style: str) -> str:
    """Return the content security policy: run the one script, apply the one style sheet, and nothing else."""
    hashes = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (script, style)]
    rules = ("default-src 'none'", f"script-src 'sha256-{hashes[0]}'", f"style-src 'sha256-{hashes[1]}'")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _section(section: Section, numbers: Iterator[int]) -> str:
    heading = f'<h2 id="{section.name}-title">{escaped(section.title)}</h2>'
    blocks = "".join(_block(block, numbers) for block in section.blocks)
    return f'<section id="{section.name}" aria-labelledby="{section.name}-title">{heading}{blocks}</section>\n'


def _block(block: Block, numbers: Iterator[int]) -> str:
    if isinstance(block, Text):
        kind = f' class="{block.kind}"' if block.kind else ""
        return f"<p{kind}>{escaped(block.words)}</p>"
    if isinstance(block, Table):
        return _table(block)
    return f'<figure data-chart="{next(numbers)}"><figcaption>{escaped(block.title)}</figcaption></figure>'


def _table(table: Table) -> str:
    place = list(table.names).index(table.bar) if table.bar else -1
    shares = _shares([row[place] for row in table.rows]) if table.bar else []
    right = [all(_is_number(row[i]) for row in table.rows) for i in range(len(table.names))]
    head = "".join(f'<th scope="col"{_aligned(right[i])}>{escaped(name)}</th>' for i, name in enumerate(table.names))
    rows = (
        (_cell(i, cell, right[i], _bar(shares[r]) if i == place else "") for i, cell in enumerate(row))
        for r, row in enumerate(table.rows)
    )
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    title = escaped(table.title)
    named = f"<thead><tr>{head}</tr></thead>" if any(table.names) else ""
    inner = f"<table>{named}<tbody>{body}</tbody></table>"
    inner = f'<div class="wide" tabindex="0" role="region" aria-label="{title}">{inner}</div>'
    if table.folded:
        return f"<details><summary>{title}</summary>{inner}</details>"
    return f'<p class="caption">{title}</p>{inner}'


def _cell(place: int, value: Any, right: bool, bar: str) -> str:
    shown = number(value) if isinstance(value, float) else "" if value is None else str(value)
    looks = _aligned(right) or (' class="short"' if len(shown) <= SHORT else "")
    if place == 0:
        return f'<th scope="row"{looks}>{escaped(shown)}</th>'
    return f"<td{looks}>{bar}{escaped(shown)}</td>"


def _aligned(right: bool) -> str:
    return ' class="number"' if right else ""


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _shares(values: list[Any]) -> list[float]:
    """Return the length of each number's bar, from 0 to 1; 0 if it is not a number."""
    known = [value for value in values if isinstance(value, float) and math.isfinite(value) and value > 0]
    return [value / max(known) if value in known else 0.0 for value in values]


def _bar(share: float) -> str:
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.1f}" height="10"/></svg>'
    )


def _drawn(block: Chart | Explorer) -> dict[str, Any]:
    """Return the data from which a chart is drawn."""
    if isinstance(block, Explorer):
        return {"kind": "series", "title": block.title, **block.data}
    return {
        "kind": "lines",
        "title": block.title,
        "x": block.x,
        "y": block.y,
        "at": [_rounded(x) for x in block.at],
        "lines": [
            {"name": harmless(line.name), "role": line.role, "y": [_rounded(y) for y in line.y]} for line in block.lines
        ],
        "log": block.log,
        "unit": block.unit,
        "points": block.points,
    }


def _rounded(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
