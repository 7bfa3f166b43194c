"""Forecaster: fit, forecast, take in new rows, save and load, for commands, comparisons and notebooks alike.

Nothing is computed, read, formatted or displayed here: each of these has its own room.
"""
