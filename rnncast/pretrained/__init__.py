"""Net that comes with the package: its weights, and a runtime that steps it over a series that it has never seen.

Arrays in, quantiles out: NumPy, and the reader of the weights. No panels, no files of users, no torch; how the weights
were made stands in `pretraining/`, beside the package.
"""
