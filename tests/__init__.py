"""The tests. Each process computes in one thread: workers side by side would else fight for the processors."""

import os

# Read when NumPy and torch are loaded, so this stands before any of them; what the tests start inherits it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
