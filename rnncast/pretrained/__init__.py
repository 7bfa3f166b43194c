"""Pretrained net: its weights, and the functions that step it over a series it has never seen.

Arrays in, quantiles out: NumPy, and the reader of the weights. No panels, no files of users, no torch. `pretraining/`,
beside the package, shows how the weights were made.
"""
