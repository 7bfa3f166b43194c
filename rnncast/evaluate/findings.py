"""Findings of a comparison, as rows and as plain values."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rnncast.evaluate.backtest import FoldForecast
from rnncast.evaluate.scores import Comparison, Score, overall
from rnncast.evaluate.verdict import Verdict


@dataclass(frozen=True)
class Findings:
    """Outcomes of a comparison, in the order of origins and candidates, with the scores and the verdict.

    comparison: None if it was interrupted before anything could be compared. verdict: None if no model was finished.
    unfinished: number of outcomes still to come when it was interrupted.
    """

    outcomes: tuple[FoldForecast, ...]
    comparison: Comparison | None
    verdict: Verdict | None
    unfinished: int = 0

    @property
    def names(self) -> list[str]:
        """Column names of `rows`."""
        levels = self.comparison.levels if self.comparison else ()
        covered = [f"coverage-{level:g}" for level in levels]
        facts = ["season", "horizon", "origins", "series", "seconds"]
        return ["model", "mase", "smape", "mae", "rank", "skill", *covered, "p", "dm_p", *facts]

    @property
    def rows(self) -> list[list[Any]]:
        """Rows for the candidates, the best first, with metrics averaged over origins.

        rank: mean rank. skill: relative reduction of MASE from that of seasonal naive (naive if there is no season).
        coverage-80: coverage of the 80 % interval, in percent. p: of no difference from the judged model; dm_p: the
        same by the Diebold-Mariano test over all steps. NaN where a column does not apply.
        """
        found = self.comparison
        return [] if found is None else [self._row(found, score) for score in found.scores]

    def _row(self, found: Comparison, score: Score) -> list[Any]:
        duel = self.verdict.duel(score.name) if self.verdict else None
        tests = (duel.p, duel.by_step_p) if duel else (None, None)
        metrics = [score.mean, overall(score.smape), overall(score.mae), score.rank]
        return [
            score.name,
            *metrics,
            found.skill(score, found.reference) if found.reference else math.nan,
            *(overall(covered) for covered in score.covered),
            *(math.nan if p is None else p for p in tests),
            *(found.season, found.horizon, found.origins, found.series, round(score.seconds, 3)),
        ]

    def to_dict(self, written: Callable[[float], float] = float) -> dict[str, Any]:
        """Return everything as plain values, for JSON; None where something does not apply.

        written: rounds the numbers of the scores.
        """
        found, verdict = self.comparison, self.verdict
        rows = [
            {
                name: written(cell) if isinstance(cell, float) else cell
                for name, cell in zip(self.names, row, strict=True)
            }
            for row in self.rows
        ]
        rows = [{name: _plain(cell) for name, cell in row.items()} for row in rows]
        return {
            "win": verdict is not None and verdict.win,
            "verdict": verdict and verdict.sentence,
            "model": verdict and verdict.model,
            "contrast": verdict and verdict.contrast,
            "unfinished": self.unfinished,
            "units": found and found.units,
            "critical_distance": found and found.critical,
            "near_best": list(found.near_best) if found else [],
            "scores": rows,
        }


def _plain(cell: Any) -> Any:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
