"""Protocol of every net: a function of inputs and state, whose state is an argument and a return value.

The law that makes the nets one: forward(a then b, s) equals forward(a, s) followed by forward(b, s'). Truncated
back-propagation, warm-up and streaming are then the same call with a different T.
"""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

State = tuple[Tensor, ...]  # each [layers, B, D], or [1, B, 1] where an output is remembered; () for none

# From one step's features [B, 1, D] at step t to the head's point forecast of the next value [B], in the units of
# step t. None under teacher forcing, when the observed value replaces it.
Feedback = Callable[[Tensor, int], Tensor] | None

NOTHING = slice(0, 0)  # is absent from the inputs
EVERY = slice(None)  # step is an origin


class Net(Protocol):
    """A net from inputs to features, which the head turns into forecasts."""

    def init_state(self, batch: int) -> State:
        """Return the state before the first step of `batch` series."""
        ...

    def __call__(
        self, inputs: Tensor, state: State, feedback: Feedback, absent: slice = NOTHING, origins: slice = EVERY
    ) -> tuple[Tensor, State]:
        """Map inputs [B, T, F] and a state to features [B, O, D] at the origins, and the state after all steps.

        absent: those of the F columns that the inputs lack because they are 0 throughout; they enter no product.
        """
        ...
