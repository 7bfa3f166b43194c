"""Window net: feed-forward layers on a fixed window, without a state, as the control for nets that have one.

It sees the frame, as all nets do: level, scale and base forecasts, which look back beyond the window. In a global frame
without base forecasts, the window is all it sees.
"""

from torch import Tensor, nn

from rnncast.nets.layers import Layers
from rnncast.nets.protocol import EVERY, NOTHING, Feedback, State


class Window(nn.Module):
    """A stack of tanh layers applied to each step's inputs alone."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        self.layers = Layers(features, hidden_size, layers)

    def init_state(self, batch: int) -> State:
        """Return (): there is no state."""
        return ()

    def forward(
        self, inputs: Tensor, state: State, feedback: Feedback, absent: slice = NOTHING, origins: slice = EVERY
    ) -> tuple[Tensor, State]:
        """Map inputs [B, T, F] to features [B, T, D]; the state () is returned as it is."""
        return self.layers(self.layers.drive(inputs[:, origins], absent)), state
