"""Interruption of a training: the nets that are kept, as a model file records it. Standard library only."""

from dataclasses import dataclass

from rnncast.settings import one_of


@dataclass(frozen=True)
class Interruption:
    """Nets that a model holds after its training was stopped early.

    run: "training" (on all the data) or "validation" (without the end of the data). nets, of_nets: kept, and planned.
    epochs, of_epochs: the least that each kept net was trained for, and the number planned.
    """

    run: str
    nets: int
    of_nets: int
    epochs: int
    of_epochs: int

    def __post_init__(self) -> None:
        one_of("interruption", self.run, ("training", "validation"))
