"""Report of `forecast`: the forecast after the observed values, and the model behind it."""

from typing import NamedTuple

from rnncast.forecaster.forecaster import Forecaster
from rnncast.plain import counted
from rnncast.report.card import Card
from rnncast.report.page.blocks import Page, Section, Table, Text
from rnncast.report.page.parts import data_section, forecasts_section, recent_of, said, seen_of
from rnncast.report.words import scores_in_words
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel

PRETRAINED_WORDS = (
    "The forecasts are those of the pretrained net, which was trained on synthetic series only and has "
    "not seen these data."
)


class Forecasted(NamedTuple):
    """A forecast, the values before it, their seasons, where they were read, and the card of the model.

    The card is None for the pretrained net.
    """

    forecast: Forecast
    past: Panel | Forecaster
    seasons: tuple[int, ...]
    path: str | None
    card: Card | None


def forecast_page(made: Forecasted, command: str) -> Page:
    """Return the whole report."""
    found = made.forecast
    levels = ", ".join(f"{level:g} %" for level in found.levels) if found.by_level else ""
    lead = f"{len(found.ids):,} series, {counted(found.horizon, 'step')} ahead"
    lead += f", with intervals of {levels}." if levels else "."
    sections = [section for make in SECTIONS if (section := make(made)) is not None]
    return Page(f"rnncast forecast: {made.path or 'the trained series'}", lead, command, "lead", tuple(sections))


def _forecasts(made: Forecasted) -> Section:
    past = made.past
    seen = seen_of(past) if isinstance(past, Panel) else recent_of(made.forecast, past.recent)
    name = made.card["net"]["model"] if made.card else "pretrained"
    return forecasts_section(made.forecast, seen, made.seasons, name)


def _data(made: Forecasted) -> Section:
    if isinstance(made.past, Panel):
        return data_section(made.past, made.path or "")
    words = "No data were given: each series continues from the state and the last values in the model file."
    return Section("data", "Data", (Text(words),))


def _model(made: Forecasted) -> Section:
    if made.card is None:
        return Section("model", "Model", (Text(PRETRAINED_WORDS),))
    words = Text(f"{scores_in_words(made.card['net']['model'], made.card['scores']).capitalize()}.")
    rows = [
        (group, name, said(value))
        for group, facts in made.card.items()
        for name, value in facts.items()
        if value not in (None, [], "")
    ]
    return Section("model", "Model", (words, Table("The card of the model file", ("", "", ""), rows)))


SECTIONS = (_forecasts, _data, _model)
