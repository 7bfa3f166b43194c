"""Nets as torch modules, for training and for devices. Nothing here knows about panels, files or the loop."""
