"""Ragged series and what is computed from them: NumPy only, no files, no nets."""
