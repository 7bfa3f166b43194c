"""Ragged series and what is computed from them: NumPy alone, no files, no nets."""
