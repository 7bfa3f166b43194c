"""Runtime: nets stepped in NumPy, so that forecasting needs no torch. No training, no files, no formats of times."""
