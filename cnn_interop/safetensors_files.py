"""Weights to and from safetensors files: named arrays, no code.

Names       The keys of Model.parameters() ('0.F'), and of the layers' state ('1.running_mean').
Layout      Arrays are written contiguous: the library would write the memory of a transposed view in the wrong order.
Trust       None: names, shapes and dtypes are compared with the model's before an array is read.
Chapter     13.
"""

import os

import numpy as np

from cnn_core import archive, checks
from cnn_interop import parameters
from cnn_interop.packages import imported

DTYPES = {"F16", "F32", "F64"}


@checks.public
def save_safetensors(model, path):
    """Write the parameters and the layers' state of a model to exactly `path`, whole or not at all.

    Raises
    ------
    ImportError
        If the package safetensors is not installed.
    ValueError
        If a number is not finite.
    """
    (safetensors,) = imported("safetensors.numpy")
    arrays = parameters.arrays_of(model)
    written = {key: np.ascontiguousarray(checks.finite(key, array)) for key, array in arrays.items()}
    archive.write_file(path, lambda file: file.write(safetensors.save(written, {"format": "np"})))


@checks.public
def load_safetensors(model, path):
    """Copy the arrays of a file into a model of the same layers.

    Parameters
    ----------
    model : Model
    path : str or path-like
        A file with arrays of float16, float32 or float64 under the names that save_safetensors gives.

    Raises
    ------
    ImportError
        If the package safetensors is not installed.
    OSError
        If the file cannot be opened.
    ValueError
        If the file is damaged, or its arrays are not those of the model. Nothing is changed then.
    """
    (safetensors,) = imported("safetensors")
    arrays = parameters.arrays_of(model)
    open(os.fspath(path), "rb").close()  # an error of the system keeps its kind
    try:
        with safetensors.safe_open(os.fspath(path), framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
            _check_dtypes({name: part.get_dtype() for name, part in slices.items()})
            parameters.require_shapes({name: part.get_shape() for name, part in slices.items()}, arrays)
            values = {name: file.get_tensor(name) for name in slices}
    except safetensors.SafetensorError as error:
        raise checks.BadValue(f"{os.fspath(path)!r} cannot be loaded: {error}.") from error
    parameters.write(model, values)


def _check_dtypes(dtypes):
    for name, dtype in dtypes.items():
        checks.require(dtype in DTYPES, f"{name!r} holds {dtype}; only F16, F32 and F64 are read.")
