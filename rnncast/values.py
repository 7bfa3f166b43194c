"""Array types shared by every room. NumPy alone, and loaded only by code that computes."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]  # numbers of series or forecasts, NaN = missing
