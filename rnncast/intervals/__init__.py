"""Intervals: from a few quantiles to whole distributions, calibrated, and joint over lead times.

Arrays of quantiles and normal scores may enter, NumPy alone; no panel, no net and no file may.
"""
