"""The nets stepped in NumPy: forecasting without torch. No training, no files, nothing of how times are written."""
