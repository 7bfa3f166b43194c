"""Makes store_sales.csv: 20 invented stores, two years of days, with the troubles that real sales have.

    python sample_data/make_store_sales.py > sample_data/store_sales.csv
    python sample_data/make_store_sales.py --plan > sample_data/store_plan.csv

What is in it, on purpose: a weekly and a yearly season, level shifts (a competitor opens or closes), a promotion that
is planned ahead and lifts sales, a temperature that is known only afterwards and moves sales a little, a store type,
days that are missing (closed without notice), one store that opens late, and one that sells nothing on most days.
With --plan: the promotions that are planned for the two weeks after.
"""

import csv
import sys
from datetime import date, timedelta

import numpy as np

SEED = 20240101
FIRST_DAY = date(2022, 1, 1)
DAYS = 730
STORES = 20
TYPES = ("city", "mall", "village")
WEEK = {  # Monday to Sunday
    "city": (1.0, 0.95, 1.0, 1.05, 1.25, 1.1, 0.6),
    "mall": (0.8, 0.8, 0.85, 0.95, 1.2, 1.6, 1.3),
    "village": (1.0, 0.9, 1.0, 0.95, 1.2, 1.25, 0.4),
}
LATE_STORE, LATE_OPENING = 7, 400
QUIET_STORE, QUIET_SHARE = 13, 0.75
MISSING_SHARE = 0.02
PROMOTION_SHARE, PROMOTION_LIFT = 0.1, 1.45
LEVEL_SHIFT_SHARE = 0.5
PLANNED_DAYS = 14


def weather(random: np.random.Generator) -> np.ndarray:
    """Mean temperature of each day in degrees Celsius: a year's wave and a week or so of persistence."""
    day = np.arange(DAYS)
    wave = 11 - 10 * np.cos(2 * np.pi * (day - 15) / 365.25)
    noise = np.zeros(DAYS)
    for t in range(1, DAYS):
        noise[t] = 0.8 * noise[t - 1] + random.normal(0, 2)
    return wave + noise


def store_rows(store: int, temperature: np.ndarray, random: np.random.Generator) -> list[tuple]:
    """The rows of one store: store, date, sales, promotion, temperature, store_type."""
    kind = TYPES[store % len(TYPES)]
    day = np.arange(DAYS)
    weekday = (FIRST_DAY.weekday() + day) % 7
    level = random.uniform(80, 400) * (1 + random.uniform(-0.1, 0.2) * day / DAYS)
    if random.random() < LEVEL_SHIFT_SHARE:
        level = level * np.where(day >= random.integers(150, 600), random.choice([0.7, 1.35]), 1.0)
    year = 1 + 0.15 * np.sin(2 * np.pi * (day - 80) / 365.25) + 0.35 * (np.abs(day % 365 - 350) < 8)
    # Promotions run for whole weeks, as they are planned.
    promotion = np.repeat(random.random(DAYS // 7 + 1) < PROMOTION_SHARE, 7)[:DAYS]
    weekly = np.array(WEEK[kind])[weekday]
    warm = 1 + 0.008 * (temperature - 11)
    mean = level * year * weekly * warm * np.where(promotion, PROMOTION_LIFT, 1.0)
    sales = random.poisson(mean * random.gamma(60, 1 / 60, DAYS))
    if store == QUIET_STORE:
        sales = np.where(random.random(DAYS) < QUIET_SHARE, 0, random.poisson(mean / 60))
    there = random.random(DAYS) >= MISSING_SHARE
    if store == LATE_STORE:
        there &= day >= LATE_OPENING
    name = f"store-{store + 1:02d}"
    return [
        (
            name,
            FIRST_DAY + timedelta(days=int(t)),
            sales[t],
            int(promotion[t]),
            round(temperature[t], 1),
            kind,
        )
        for t in np.flatnonzero(there)
    ]


def planned_rows(store: int, random: np.random.Generator) -> list[tuple]:
    """The promotions that are planned for one store: store, date, promotion."""
    first = FIRST_DAY + timedelta(days=DAYS)
    promotion = np.repeat(random.random(PLANNED_DAYS // 7) < PROMOTION_SHARE, 7)
    return [(f"store-{store + 1:02d}", first + timedelta(days=t), int(promotion[t])) for t in range(PLANNED_DAYS)]


def write_plan() -> None:
    """Write the plan to standard output."""
    random = np.random.default_rng(SEED + 1)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("store", "date", "promotion"))
    for store in range(STORES):
        writer.writerows(planned_rows(store, random))


def write_sales() -> None:
    """Write the table to standard output."""
    random = np.random.default_rng(SEED)
    temperature = weather(random)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("store", "date", "sales", "promotion", "temperature", "store_type"))
    for store in range(STORES):
        writer.writerows(store_rows(store, temperature, random))


if __name__ == "__main__":
    write_plan() if "--plan" in sys.argv[1:] else write_sales()
