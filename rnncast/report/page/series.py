"""Series with their forecasts, as numbers for the reader's browser to draw: rounded, and no more than it can hold.

S series, H steps.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.plain import counted
from rnncast.report.excerpts import Strand, bands_of, steps_back
from rnncast.report.harmless import harmless
from rnncast.report.page.blocks import Explorer
from rnncast.series.arrays import Array
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Columns

Positions = NDArray[np.int64]  # on the grid of times

MOST_NUMBERS = 200_000  # of a page: about 1.3 MB of text
SHARE_AHEAD = 0.6  # of them, at most, for forecasts
LABEL = 4  # numbers that take as much space as the text of a time
FINEST = 4  # digits of the range of a series
FARTHEST = 1e308  # largest size drawn, so that everything is finite
LARGEST = 10.0**15  # of whole numbers; larger ones are written as powers of ten


class Drawn(NamedTuple):
    """A forecast of one series. who: the place of the forecaster among the names."""

    who: int
    strand: Strand


class Track(NamedTuple):
    """A series: its name, the grid position of its first value, its values [n], its forecasts, and its score by
    forecaster.

    Scores are NaN, or fewer, where they are unknown.
    """

    label: str
    start: int
    y: NDArray[np.float64]
    drawn: tuple[Drawn, ...]
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class Tracks:
    """Contents of the explorer. names: the forecasters, the one whose intervals are drawn first.

    written: returns the times at grid positions, as the user writes them. seasons: in steps. of: number of all series.
    """

    tracks: tuple[Track, ...]
    names: tuple[str, ...]
    columns: Columns
    written: Callable[[Positions], Iterable[object]]
    seasons: tuple[int, ...]
    horizon: int
    of: int


def drawn(forecast: Forecast, s: int, who: int = 0) -> Drawn:
    """Return the forecast of series s, with intervals of the first forecaster only."""
    bands = bands_of(forecast.probabilities, forecast.quantiles[s], by_level=forecast.by_level) if who == 0 else ()
    return Drawn(who, Strand(int(forecast.cutoff[s]) + 1, forecast.point[s], bands))


def explorer(title: str, tracks: Tracks, most: int = MOST_NUMBERS) -> tuple[Explorer, tuple[str, ...]]:
    """Return the block that shows the series, and what was left out to keep the page below `most` numbers."""
    shown, words = _fitted(tracks, most)
    first, base = min((track.start for track in shown.tracks), default=0), 0
    if max((abs(track.start + len(track.y)) for track in shown.tracks), default=0) >= 2**52:
        base = first  # integers in a browser are exact up to 2**53
    data = {
        "names": [harmless(name) for name in shown.names],
        "levels": next((_levels(each) for track in shown.tracks for each in track.drawn if each.who == 0), []),
        "x": shown.columns.time_name,
        "y": shown.columns.target,
        "seasons": list(shown.seasons),
        "back": steps_back(shown.horizon, shown.seasons),
        "times": [[start - base, labels] for start, labels in _times(shown)],
        "series": [_plain(track, base) for track in shown.tracks],
    }
    return Explorer(title, data), words


def _fitted(tracks: Tracks, most: int) -> tuple[Tracks, tuple[str, ...]]:
    """Return what fits: fewer forecasts first (the latest, then those of two forecasters), then fewer series, then
    history."""
    words = []
    for said, cut in _CUTS:
        if _ahead(tracks) <= SHARE_AHEAD * most:
            break
        tracks = cut(tracks)
        words.append(said)
    if (there := _ahead(tracks)) > SHARE_AHEAD * most:
        tracks = _fewer(tracks, max(1, int(SHARE_AHEAD * most * len(tracks.tracks) / there)))
    if len(tracks.tracks) < tracks.of:
        which = "evenly spaced by their scores" if tracks.tracks[0].scores else "the first"
        words.append(f"{len(tracks.tracks):,} of {tracks.of:,} series are drawn, {which}")
    room = most - _ahead(tracks)
    longest = max((len(track.y) for track in tracks.tracks), default=0)
    back = longest if _behind(tracks, longest) <= room else _longest(tracks, longest, room)
    if back < longest:
        words.append(f"of each series the last {counted(back, 'step')} are drawn")
    return replace(tracks, tracks=tuple(_tail(track, back) for track in tracks.tracks)), tuple(words)


def _ahead(tracks: Tracks) -> int:
    """Return how many numbers the forecasts take."""
    return sum(len(each.point) * (1 + 2 * len(each.bands)) for track in tracks.tracks for _, each in track.drawn)


def _behind(tracks: Tracks, back: int) -> int:
    """Return how many numbers the history takes, with at most `steps` steps, and the axis."""
    return sum(min(len(track.y), back) for track in tracks.tracks) + LABEL * len(_positions(tracks, back))


def _longest(tracks: Tracks, longest: int, room: int) -> int:
    """Return the largest number of steps of history that fits."""
    low, high = min(2 * tracks.horizon, longest), longest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _behind(tracks, middle) <= room else (low, middle)
    return low


def _tail(track: Track, back: int) -> Track:
    cut = max(len(track.y) - back, 0)
    return track._replace(start=track.start + cut, y=track.y[cut:])


def _latest(tracks: Tracks) -> Tracks:
    """Return only the last forecast of each forecaster."""

    def last(track: Track) -> Track:
        latest = max((each.strand.start for each in track.drawn), default=0)
        return track._replace(drawn=tuple(each for each in track.drawn if each.strand.start == latest))

    return replace(tracks, tracks=tuple(map(last, tracks.tracks)))


def _of_two(tracks: Tracks) -> Tracks:
    """Return only the forecasts of the first two forecasters."""
    few = [track._replace(drawn=tuple(each for each in track.drawn if each.who < 2)) for track in tracks.tracks]
    return replace(tracks, tracks=tuple(few), names=tracks.names[:2])


def _fewer(tracks: Tracks, number: int) -> Tracks:
    """Return `number` of the series, evenly spaced in the order of their scores; without scores, the first."""
    order = np.arange(len(tracks.tracks))
    if tracks.tracks[0].scores:
        order = np.argsort([track.scores[0] for track in tracks.tracks], kind="stable")
        order = order[np.linspace(0, len(order) - 1, number).astype(int)]
    return replace(tracks, tracks=tuple(tracks.tracks[s] for s in sorted(order[:number].tolist())))


_CUTS: tuple[tuple[str, Callable[[Tracks], Tracks]], ...] = (
    ("of each series the last origin is drawn", _latest),
    ("of the candidates the first two are drawn", _of_two),
)


def _positions(tracks: Tracks, back: int) -> Positions:
    """Return every grid position that is drawn, in order, given the steps of history."""
    parts: list[Positions] = [np.empty(0, np.int64)]
    for track in tracks.tracks:
        end = track.start + len(track.y)
        parts.append(np.arange(max(track.start, end - back), end))
        parts += [np.arange(each.start, each.start + len(each.point)) for _, each in track.drawn]
    return np.unique(np.concatenate(parts))


def _times(tracks: Tracks) -> list[tuple[int, list[str]]]:
    """Return the times that are drawn, as the user writes them: stretches of steps, each with its first position."""
    positions = _positions(tracks, max((len(track.y) for track in tracks.tracks), default=0))
    written = [harmless(str(each)) for each in tracks.written(positions)]
    edges = [0, *(np.flatnonzero(np.diff(positions) > 1) + 1).tolist(), len(positions)]
    return [(int(positions[a]), written[a:b]) for a, b in pairwise(edges) if b > a]


def _plain(track: Track, base: int) -> dict[str, Any]:
    """Return a series as whole numbers, which give its values after `b` is added and times ten to the power of `e`."""
    inner = np.concatenate([track.y, *(each.point for _, each in track.drawn)])
    inner = inner[np.isfinite(inner)]
    power, offset = _unit(inner)

    def whole(values: Array) -> list[int | float | None]:
        return _whole(values, power, offset)

    return {
        "n": harmless(track.label),
        "s": track.start - base,
        "e": power,
        "b": offset,
        "y": whole(track.y),
        "f": [
            [who, each.start - base, whole(each.point), *(whole(end) for band in each.bands for end in band[:2])]
            for who, each in track.drawn
        ],
        **({"m": [_score(score) for score in track.scores]} if track.scores else {}),
    }


def _unit(inner: Array) -> tuple[int, int]:
    """Return the power of ten of a series' finest step, and the multiple of it that is the smallest value."""
    low, high = (float(inner.min()), float(inner.max())) if len(inner) else (0.0, 0.0)
    span = (high / 2 - low / 2) * 2 or abs(high)
    if not 0 < span < np.inf:
        return 0, 0
    power = int(np.floor(np.log10(span))) - FINEST + 1
    # Short whole numbers stay as they are.
    if power > 0 and span < 10.0 ** (FINEST + 2) and (inner == np.rint(inner)).all():
        power = 0
    if not -300 < power < 290:
        return power, 0
    offset = np.floor(low / 10.0**power)
    return power, int(offset) if abs(offset) < LARGEST else 0


def _whole(values: Array, power: int, offset: int) -> list[int | float | None]:
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values / 10.0**power if power > -300 else values * 10.0**-power
        steps = np.clip(np.rint(scaled) - offset, -FARTHEST, FARTHEST)
    return [
        None if step != step else int(step) if abs(step) < LARGEST else float(f"{step:.4g}") for step in steps.tolist()
    ]


def _levels(drawn: Drawn) -> list[str]:
    return [band.name for band in drawn.strand.bands]


def _score(score: float) -> float | None:
    return float(f"{score:.4g}") if np.isfinite(score) else None
