"""The time of a training, shared by its runs: --max-time is for all of them together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """The seconds that runs have, of which some train at once and the others in rounds after them.

    seconds: in all, infinite where there is no limit. began: on the clock, when they started to count. rounds: of runs
    that train at the same time.
    """

    seconds: float
    began: float
    rounds: int

    @classmethod
    def of(cls, seconds: float, began: float, runs: int, at_once: int) -> "Budget":
        """The budget of runs of which so many train at once."""
        return cls(seconds, began, -(-runs // at_once))

    def share(self, round_: int, now: float) -> float:
        """The seconds of a run in a round, from 0, that begins now: what is left, in equal parts for the rounds still
        to come; so what a run leaves or overruns is made up by those after it."""
        left = max(0.0, self.seconds - (now - self.began))
        return left / max(1, self.rounds - round_)
