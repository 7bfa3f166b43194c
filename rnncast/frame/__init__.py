"""What a net sees of a step, in units local to it: numbers alone, no files, text or weights; for NumPy and torch."""
