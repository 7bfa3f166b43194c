"""The list of nets: what each remembers, and where its two forms live. Read by --help, so it imports nothing heavy."""

from importlib import import_module
from typing import Any, NamedTuple

from rnncast.errors import UsageError


class NetEntry(NamedTuple):
    """One net. memory: what it remembers. trained, stepped: "module:name" of its torch and NumPy forms."""

    memory: str
    trained: str
    stepped: str

    def torch_form(self) -> Any:
        """The torch class, made with (features, hidden_size, layers)."""
        return _imported(self.trained)

    def numpy_form(self) -> Any:
        """The SteppedNet."""
        return _imported(self.stepped)


NETS = {
    "window": NetEntry("nothing beyond the window", "rnncast.nets.window:Window", "rnncast.runtime.nets:WINDOW"),
    "lstm": NetEntry("what its gates keep", "rnncast.nets.recurrent:Recurrent", "rnncast.runtime.nets:LSTM"),
}


def find_net(name: str) -> NetEntry:
    """The entry of a net. UsageError, naming those there are, if there is none of that name."""
    if name not in NETS:
        raise UsageError(f"there is no net called {name!r}", hint=f"nets: {', '.join(NETS)}")
    return NETS[name]


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
