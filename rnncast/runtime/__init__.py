"""The nets stepped in NumPy: forecasting without torch. No training, no files."""
