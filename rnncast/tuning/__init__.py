"""Tuning: the search space, the trials, and whether the best of them is better by more than chance.

NumPy, and optuna lazily; no files but the journal that optuna keeps, and no terminal.
"""
