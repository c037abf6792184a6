"""Types of arrays by what they hold; shapes stand in the docstrings that use them."""

import numpy as np
import numpy.typing as npt

type Array = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]
