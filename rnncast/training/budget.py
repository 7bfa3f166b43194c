"""Time budget of training, shared by its runs: --max-time is for all of them together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Seconds for runs, some of which train at once and the others in rounds after them.

    seconds: in all, infinite for no limit. began: on the clock, when they started to count. rounds: of runs that train
    at the same time.
    """

    seconds: float
    began: float
    rounds: int

    @classmethod
    def of(cls, seconds: float, began: float, runs: int, at_once: int) -> "Budget":
        """Make the budget of `runs` runs, of which `at_once` train at once."""
        return cls(seconds, began, -(-runs // at_once))

    def share(self, round_: int, now: float) -> float:
        """Return the seconds of a run in a round, counted from 0, that begins now.

        It is the remaining time in equal parts for the rounds still to come, so that later rounds make up for runs that
        were shorter or longer than planned.
        """
        left = max(0.0, self.seconds - (now - self.began))
        return left / max(1, self.rounds - round_)
