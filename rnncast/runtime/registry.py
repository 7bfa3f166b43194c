"""Registry of nets: what each remembers, and where its two forms are. Loaded by --help, so it imports nothing heavy."""

from importlib import import_module
from typing import Any, NamedTuple

from rnncast.errors import UsageError


class NetEntry(NamedTuple):
    """A net.

    memory: what it remembers, in a few words. trained, stepped: "module:name" of its torch and NumPy forms.
    recursive_only: whether its output must be one step ahead.
    """

    memory: str
    trained: str
    stepped: str
    recursive_only: bool = False

    @property
    def recurrent(self) -> bool:
        """True if it has hidden layers that remember, and so may work in segments."""
        return ".recurrent:" in self.trained

    def torch_form(self) -> Any:
        """Return the torch class, made with (features, hidden_size, layers)."""
        return _imported(self.trained)

    def numpy_form(self) -> Any:
        """Return the SteppedNet."""
        return _imported(self.stepped)


NETS = {
    "window": NetEntry(
        "nothing, but sees the frame that all share", "rnncast.nets.window:Window", "rnncast.runtime.nets:WINDOW"
    ),
    "jordan": NetEntry("its own last output", "rnncast.nets.jordan:Jordan", "rnncast.runtime.nets:JORDAN", True),
    "rnn": NetEntry("a hidden layer (Elman)", "rnncast.nets.recurrent:ELMAN", "rnncast.runtime.nets:ELMAN"),
    "gru": NetEntry("a gated hidden layer", "rnncast.nets.recurrent:GRU", "rnncast.runtime.nets:GRU"),
    "lstm": NetEntry("a hidden layer and a gated cell", "rnncast.nets.recurrent:LSTM", "rnncast.runtime.nets:LSTM"),
}


def find_net(name: str) -> NetEntry:
    """Return the entry of a net. Raises UsageError, listing the nets, if there is none of that name."""
    if name not in NETS:
        raise UsageError(f"there is no net called {name!r}", hint=f"nets: {', '.join(NETS)}")
    return NETS[name]


def check_segment(name: str, segment: int) -> None:
    """Raise UsageError if a net cannot work in segments of this length."""
    if segment > 1 and not find_net(name).recurrent:
        able = ", ".join(each for each, entry in NETS.items() if entry.recurrent)
        raise UsageError(
            f"--segment {segment} is for nets with a hidden layer that remembers, and {name} has none",
            hint=f"leave it out, or choose one of {able}",
        )


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
