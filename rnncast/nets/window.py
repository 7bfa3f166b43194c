"""The window net: feed-forward layers on a fixed window. It has no state, which is what it is compared for.

It sees the frame, as all nets do: level, scale and base forecasts, which look back beyond the window. In a global frame
without base forecasts, the window is all.
"""

from torch import Tensor, nn

from rnncast.nets.layers import Layers
from rnncast.nets.protocol import Feedback, State


class Window(nn.Module):
    """tanh layers applied to each step's inputs alone."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        self.layers = Layers(features, hidden_size, layers)

    def init_state(self, batch: int) -> State:
        """No state."""
        return ()

    def forward(self, inputs: Tensor, state: State, feedback: Feedback) -> tuple[Tensor, State]:
        """Inputs [B, T, F] to features [B, T, D]; the state () comes back as it is."""
        return self.layers(self.layers.drive(inputs)), state
