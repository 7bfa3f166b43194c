"""Fit, forecast, take in new rows, save and load: the one door that commands, comparisons and notebooks use.

Nothing is computed, read, written in a format or shown here: each has its own room.
"""
