"""Figure of how far back a model looks."""

import numpy as np
from matplotlib.figure import Figure

from rnncast.report.figures.curves import Curves, curves_figure
from rnncast.report.memory import MemoryCurve


def memory_figure(found: MemoryCurve) -> Figure:
    """Draw the influence by lag through the state, the frame and the window, averaged over lead times.

    Below, the influence through the state for each of some lead times.
    """
    influence, steps = found.influence, found.shown
    lags = np.arange(float(steps))
    ways = {"state": influence.state, "frame": influence.frame, "window": influence.window}
    means = {f"through the {way}": part[:steps].mean(1) for way, part in ways.items() if part.any()}
    marks = {"end of the window": float(found.window)}
    marks |= {f"cycle, {found.cycle}": float(found.cycle)} if found.cycle and found.cycle <= steps else {}
    across, up = f"lag, in {found.noun}", "absolute gradient"
    pictures = [Curves("Influence of a past value on the forecast", across, up, lags, means, marks, powers=True)]
    if influence.state.any() and len(influence.leads) > 1:
        leads = {f"lead {lead}": influence.state[:steps, place] for place, lead in enumerate(influence.leads)}
        pictures.append(Curves("Through the state, by lead time", across, up, lags, leads, powers=True))
    return curves_figure(f"How far back {found.model} looks", f"{found.sentence}\n{found.basis}", pictures)
