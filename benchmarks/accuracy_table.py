"""Single series' table of docs/accuracy.md, written by the benchmark: no row is copied by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Protocol

Scores = Mapping[str, float]  # MASE by series


class Figure(Protocol):
    """A figure of a row, as the benchmark yields it."""

    row: str
    model: str
    metric: str
    value: float
    seconds: float
    reach: float | None
    stretch: float | None


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown. Raises ValueError for a row that has not the cells of the header."""
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"the row {row} has {len(row)} cells, and the header {len(header)}")
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, *rows)).replace(
        "|\n", f"|\n|{'---|' * len(header)}\n", 1
    )


def singles_table(ours: Mapping[str, Scores], peers: Mapping[str, Scores], groups: Mapping[str, str]) -> str:
    """Return the table of sets: the error of the first of our nets and of each peer, and each net's by that of the best
    peer.

    Geometric means over the series of a set that every net and every peer has a score of; `groups`: their sets.
    """
    first = next(iter(ours))
    header = ["set", "series", first, *peers, *(f"{net} / best" for net in ours)]
    scored = [name for name in groups if all(name in scores for scores in (*ours.values(), *peers.values()))]
    rows = []
    for group in dict.fromkeys(groups[name] for name in scored):
        names = [name for name in scored if groups[name] == group]
        of_nets, of_peers = (
            {each: geometric_mean([max(scores[name], 1e-6) for name in names]) for each, scores in table.items()}
            for table in (ours, peers)
        )
        best = min(of_peers.values())
        figures = [of_nets[first], *of_peers.values(), *(error / best for error in of_nets.values())]
        rows.append([group, str(len(names)), *(f"{figure:.3f}" for figure in figures)])
    return markdown(header, rows)


def seeds_table(results: Sequence[Figure]) -> str:
    """Return a row for each figure: its mean over the seeds, and the smallest and the largest of them, beside its
    targets."""
    figures: dict[tuple[str, str, str], list[Figure]] = {}
    for result in results:
        figures.setdefault((result.row, result.metric, result.model), []).append(result)
    rows = []
    for (row, metric, model), each in figures.items():
        values, first = [result.value for result in each], each[0]
        spread = f"{min(values):.4g} to {max(values):.4g}"
        targets = ["" if target is None else f"{target:g}" for target in (first.reach, first.stretch)]
        seconds = f"{fmean(result.seconds for result in each):.0f}"
        rows.append([row, metric, model, f"{fmean(values):.4g}", spread, *targets, seconds])
    header = ["work", "metric", "net", "mean of the seeds", "from, to", "to reach", "stretch", "seconds"]
    return markdown(header, rows)


def put(table: str, page: Path) -> None:
    """Put a table in the place of the one with the same header on a page. Raises ValueError if there is none."""
    lines, header = page.read_text().splitlines(keepends=True), table.splitlines(keepends=True)[0]
    if header not in lines:
        raise ValueError(f"{page} has no table with the header {header.strip()}")
    start = lines.index(header)
    end = next((place for place in range(start, len(lines)) if not lines[place].strip()), len(lines))
    page.write_text("".join((*lines[:start], table, *lines[end:])))
