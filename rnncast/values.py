"""The arrays that every room speaks of. NumPy alone; it is loaded only by whoever computes."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]  # numbers of series or forecasts, NaN = missing
