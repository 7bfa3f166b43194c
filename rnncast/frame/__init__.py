"""Inputs of a net at each step, after local (instance) normalisation: units, base forecasts, imputation, exogenous
inputs.

Numbers may enter, as NumPy arrays or torch tensors; written once for both. No weights, no files, no text.
"""
