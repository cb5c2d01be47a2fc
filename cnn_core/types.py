"""Names for the types of arguments and results.

Arrays      What is given may be anything that NumPy makes an array of (ArrayLike); what is returned is an Array, native
            float32 or float64. Shapes are in the docstrings.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]
AnyArray = NDArray[np.number]
Integers = NDArray[np.int64]
Arrays = dict[str, Array]  # parameters or gradients under their keys
Gradients = tuple[Array, Arrays]  # with respect to the input, and to the parameters under their keys
Bias = ArrayLike | None
Shape = tuple[int, ...]
IntPair = tuple[int, int]
Pair = int | IntPair  # one number for rows and columns, or one for each
PaddingName = Literal["same", "valid", "include"]
Padding = Pair | PaddingName
Side = int | PaddingName  # padding in one dimension
Stride = Pair | None  # of pooling: None is the pool size
Mode = Literal["max", "mean", "min"]
DType = Literal["float32", "float64"]
Loss = Callable[[Array, AnyArray], tuple[float, Array]]  # (outputs, targets) -> (cost, dC_dO)
Rate = float | Callable[[int], float]  # a learning rate, or a function of the step
Options = Mapping[str, Any]  # further arguments of a layer's apply or gradients

__all__ = ["ArrayLike"]
