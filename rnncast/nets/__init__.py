"""The nets as torch modules, for training. Nothing here knows about panels, files or the loop."""
