"""cnn_interop: models of cnn_core in other libraries' formats, and training on more than one machine.

Every part needs a package that cnn_core does without, and says which one where it is missing. cnn_core never imports
this package.

pytorch_weights      weights to and from a module of PyTorch
safetensors_files    weights to and from a file
onnx_files           whole models to and from a file
dask_engine          sweeps and trainings on the workers of a Dask cluster
"""

from .dask_engine import fit_on, sweep
from .onnx_files import from_onnx, to_onnx
from .pytorch_weights import from_pytorch, to_pytorch
from .safetensors_files import load_safetensors, save_safetensors

__all__ = [
    "fit_on",
    "from_onnx",
    "from_pytorch",
    "load_safetensors",
    "save_safetensors",
    "sweep",
    "to_onnx",
    "to_pytorch",
]
