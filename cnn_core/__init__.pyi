"""The public API of cnn_core with its types, on one page. The docstrings, with all shapes, are in the modules.

Arrays      What is given may be anything that NumPy makes an array of (ArrayLike), without masked entries. What is
            returned is an Array, native float32 or float64.
Reference   tests/test_types.py holds this page equal to the modules, with mypy's stubtest.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]
Arrays = dict[str, Array]  # parameters or gradients under their keys
Labels = NDArray[np.int64]
Targets = NDArray[np.number]  # of any loss
Shape = tuple[int, ...]
Pair = int | tuple[int, int]  # one number for rows and columns, or one for each
PaddingName = Literal["valid", "same", "include"]
Padding = Pair | PaddingName
Mode = Literal["max", "mean", "min"]
Initialisation = Literal["he_normal", "he_uniform", "xavier_normal", "xavier_uniform", "zeros", "constant"]
DType = Literal["float32", "float64"] | type[np.floating] | np.dtype[np.floating]
Path = str | os.PathLike[str]
Rate = float | Callable[[int], float]  # a learning rate, or a function of the step
Loss = Callable[[Array, Targets], tuple[float, Array]]  # (outputs, targets) -> (cost, dC_dO)
Augment = Callable[[Array, Generator], ArrayLike]  # (X, rng) -> examples of the shape of X
Triple = tuple[str, Array, Array | None]  # the key, the parameter and its gradient
OwnLayer = TypeVar("OwnLayer", bound=Layer)
Functions = tuple[Callable[..., Array], Callable[..., Array | tuple[Array, ...]]]  # forward, backward

class Geometry(NamedTuple):  # of cnn_core.shapes: how a window moves over an image
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    output: tuple[int, int]
    excluded: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    @property
    def effective(self) -> tuple[int, int]: ...

class Buffers: ...  # of cnn_core.fast.buffers

# --- shapes ---

def padding_amounts(
    size: int, kernel: int, stride: int, padding: int | PaddingName, dilation: int = 1
) -> tuple[int, int]: ...
def output_size(size: int, kernel: int, stride: int = 1, padding: int | PaddingName = 0, dilation: int = 1) -> int: ...
def excluded_pixels(
    size: int, kernel: int, stride: int = 1, padding: int | PaddingName = 0, dilation: int = 1
) -> int: ...
def receptive_field(layers: Iterable[tuple[int, int] | tuple[int, int, int]]) -> int: ...

# --- initialisation ---

def he_normal(shape: Shape, rng: Generator) -> Array: ...
def he_uniform(shape: Shape, rng: Generator) -> Array: ...
def xavier_normal(shape: Shape, rng: Generator) -> Array: ...
def xavier_uniform(shape: Shape, rng: Generator) -> Array: ...
def zeros(shape: Shape, rng: Generator) -> Array: ...
def constant(shape: Shape, rng: Generator) -> Array: ...

# --- convolution ---

def convolve(A: ArrayLike, B: ArrayLike, stride: Pair = 1, full_convolve: bool = False) -> Array: ...
def convolve_vectorised(X: ArrayLike, F: ArrayLike, stride: Pair = 1, full_convolve: bool = False) -> Array: ...
def dilate(dC_dO: ArrayLike, stride: Pair) -> Array: ...
def conv2d_forward(
    X: ArrayLike, F: ArrayLike, B: ArrayLike | None = None, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1
) -> Array: ...
def conv2d_forward_loop(
    X: ArrayLike, F: ArrayLike, B: ArrayLike | None = None, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1
) -> Array: ...
def conv2d_backward(
    dC_dO: ArrayLike, X: ArrayLike, F: ArrayLike, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1
) -> tuple[Array, Array, Array]: ...
def conv2d_backward_dilated(
    dC_dO: ArrayLike, X: ArrayLike, F: ArrayLike, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1
) -> tuple[Array, Array, Array]: ...

# --- pooling ---

def pool2d_forward(
    X: ArrayLike, pool_size: Pair = 2, stride: Pair | None = None, padding: Padding = 0, mode: Mode = "max"
) -> Array: ...
def pool2d_forward_loop(
    X: ArrayLike, pool_size: Pair = 2, stride: Pair | None = None, padding: Padding = 0, mode: Mode = "max"
) -> Array: ...
def pool2d_backward(
    dC_dO: ArrayLike,
    X: ArrayLike,
    pool_size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = 0,
    mode: Mode = "max",
) -> Array: ...
def pool2d_backward_loop(
    dC_dO: ArrayLike,
    X: ArrayLike,
    pool_size: Pair = 2,
    stride: Pair | None = None,
    padding: Padding = 0,
    mode: Mode = "max",
) -> Array: ...

# --- fully connected ---

def dense_forward(X: ArrayLike, W: ArrayLike, B: ArrayLike | None = None) -> Array: ...
def dense_backward(dC_dO: ArrayLike, X: ArrayLike, W: ArrayLike) -> tuple[Array, Array, Array]: ...

# --- activations ---

def relu_forward(X: ArrayLike, buffers: Buffers = ...) -> Array: ...
def relu_backward(dC_dO: ArrayLike, X: ArrayLike, buffers: Buffers = ...) -> Array: ...
def leaky_relu_forward(X: ArrayLike, slope: float = 0.01) -> Array: ...
def leaky_relu_backward(dC_dO: ArrayLike, X: ArrayLike, slope: float = 0.01) -> Array: ...
def sigmoid_forward(X: ArrayLike) -> Array: ...
def sigmoid_backward(dC_dO: ArrayLike, X: ArrayLike) -> Array: ...
def tanh_forward(X: ArrayLike) -> Array: ...
def tanh_backward(dC_dO: ArrayLike, X: ArrayLike) -> Array: ...
def softmax_forward(X: ArrayLike) -> Array: ...
def softmax_backward(dC_dO: ArrayLike, X: ArrayLike) -> Array: ...

# --- layers ---

class Layer:
    params: Arrays
    grads: Arrays
    state: Arrays
    rng: Generator
    input_shape: Shape | None  # None until the layer is built
    dtype: str | None
    name: ClassVar[str]
    def __init__(self) -> None: ...
    def output_shape(self, input_shape: Shape) -> Shape: ...
    def element_count(self, input_shape: Shape) -> int: ...
    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]: ...
    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]: ...
    def initial(self, key: str, shape: Shape, rng: Generator) -> Array: ...
    def next_state(self, observed: Arrays) -> Arrays: ...
    def apply(self, X: Array) -> Array: ...
    def gradients(self, dC_dO: Array, X: Array) -> tuple[Array, Arrays]: ...
    def build(self, input_shape: Shape, rng: Generator, dtype: DType = "float32") -> None: ...
    def forward(self, X: ArrayLike, training: bool = True) -> Array: ...
    def backward(self, dC_dO: ArrayLike) -> Array: ...

class Conv2D(Layer):
    num_filters: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] | PaddingName
    initialisation: Initialisation
    bias: bool
    dilation: tuple[int, int]
    def __init__(
        self,
        num_filters: int,
        kernel_size: Pair = 3,
        stride: Pair = 1,
        padding: Padding = "valid",
        initialisation: Initialisation = "he_normal",
        bias: bool = True,
        dilation: Pair = 1,
    ) -> None: ...
    def geometry(self, input_shape: Shape) -> Geometry: ...

class Pool2D(Layer):
    pool_size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] | PaddingName
    mode: Mode
    def __init__(
        self, pool_size: Pair = 2, stride: Pair | None = None, padding: Padding = "valid", mode: Mode = "max"
    ) -> None: ...
    def geometry(self, input_shape: Shape) -> Geometry: ...

class FullyConnected(Layer):
    num_nodes: int
    initialisation: Initialisation
    bias: bool
    def __init__(self, num_nodes: int, initialisation: Initialisation = "he_normal", bias: bool = True) -> None: ...

class Flatten(Layer): ...
class ReLU(Layer): ...

class LeakyReLU(Layer):
    slope: float
    def __init__(self, slope: float = 0.01) -> None: ...

class Sigmoid(Layer): ...
class Tanh(Layer): ...
class Softmax(Layer): ...

class BatchNorm2D(Layer):
    momentum: float
    epsilon: float
    def __init__(self, momentum: float = 0.1, epsilon: float = 1e-5) -> None: ...

class Dropout(Layer):
    rate: float
    def __init__(self, rate: float = 0.5) -> None: ...

class GlobalAveragePool2D(Layer): ...

# --- losses ---

class MeanSquaredError:
    name: str
    def __call__(self, outputs: ArrayLike, targets: ArrayLike) -> tuple[float, Array]: ...
    def check_targets(self, targets: ArrayLike, shape: Shape) -> Array: ...

class CrossEntropy:
    name: str
    includes: str
    smoothing: float
    def __init__(self, smoothing: float = 0) -> None: ...
    def __call__(self, outputs: ArrayLike, labels: ArrayLike) -> tuple[float, Array]: ...
    def check_targets(self, labels: ArrayLike, shape: Shape) -> Labels: ...

# --- optimisers and schedules ---

class Optimiser:
    moments: ClassVar[tuple[str, ...]]
    learning_rate: Rate
    weight_decay: float
    steps: int
    state: dict[str, Arrays]
    name: ClassVar[str]
    def __init__(self, learning_rate: Rate, weight_decay: float) -> None: ...
    def rate(self) -> float: ...
    def step(self, triples: Iterable[Triple]) -> None: ...
    def decayed(self, param: Array, grad: Array) -> Array: ...

class GradientDescent(Optimiser):
    def __init__(self, learning_rate: Rate = 0.01, weight_decay: float = 0) -> None: ...

class Momentum(Optimiser):
    momentum: float
    def __init__(self, learning_rate: Rate = 0.01, momentum: float = 0.9, weight_decay: float = 0) -> None: ...

class Nesterov(Momentum): ...

class RMSProp(Optimiser):
    decay: float
    epsilon: float
    def __init__(
        self, learning_rate: Rate = 0.01, decay: float = 0.99, epsilon: float = 1e-8, weight_decay: float = 0
    ) -> None: ...

class Adam(Optimiser):
    beta1: float
    beta2: float
    epsilon: float
    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0,
    ) -> None: ...

class AdamW(Adam):
    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None: ...

@dataclass(frozen=True)
class Constant:
    learning_rate: float
    def __call__(self, step: int) -> float: ...

@dataclass(frozen=True)
class StepDecay:
    learning_rate: float
    every: int
    factor: float = ...
    def __call__(self, step: int) -> float: ...

@dataclass(frozen=True)
class Cosine:
    learning_rate: float
    steps: int
    final: float = ...
    def __call__(self, step: int) -> float: ...

@dataclass(frozen=True)
class OneCycle:
    learning_rate: float
    steps: int
    warm_up: float = ...
    start_divisor: float = ...
    final_divisor: float = ...
    def __call__(self, step: int) -> float: ...

# --- model and files ---

class Model:
    layers: list[Layer]
    input_shape: Shape
    shapes: list[Shape]
    seed: int
    dtype: str
    rng: Generator
    def __init__(
        self, layers: Iterable[Layer], input_shape: Shape = (1, 28, 28), seed: int = 0, dtype: DType = "float32"
    ) -> None: ...
    @property
    def output_shape(self) -> Shape: ...
    def forward(self, X: ArrayLike, training: bool = True) -> Array: ...
    def backward(self, dC_dO: ArrayLike) -> Array: ...
    def predict(self, X: ArrayLike, workers: int | None = None) -> Array: ...
    def parameters(self) -> list[Triple]: ...
    def parameter_count(self, part: slice = ...) -> int: ...
    def summary(self) -> str: ...
    def save(self, path: Path) -> None: ...
    @staticmethod
    def load(path: Path) -> Model: ...

def register_layer(cls: type[OwnLayer]) -> type[OwnLayer]: ...

class WeightAverage:
    decay: float
    params: Arrays  # the averages
    source: Model | None  # whose parameters they are; None before the first step
    name: ClassVar[str]
    def __init__(self, decay: float = 0.999) -> None: ...
    def add(self, model: Model) -> None: ...
    def model(self) -> Model: ...

class Checkpoint(tuple[Model, Optimiser]):  # of cnn_core.checkpoint
    average: WeightAverage | None

def save_checkpoint(path: Path, model: Model, optimiser: Optimiser, average: WeightAverage | None = None) -> None: ...
def load_checkpoint(path: Path) -> Checkpoint: ...

# --- training ---

@dataclass(frozen=True)
class Step:
    epoch: int
    epochs: int
    step: int
    steps: int
    cost: float
    accuracy: float | None
    learning_rate: float

@dataclass(frozen=True)
class Epoch:
    epoch: int
    epochs: int
    step: int
    cost: float
    accuracy: float | None
    validation_cost: float | None
    validation_accuracy: float | None

def batches(count: int, batch_size: int, rng: Generator) -> Iterator[Labels]: ...
def fit(
    model: Model,
    X: ArrayLike,
    y: ArrayLike,
    optimiser: Optimiser,
    loss: Loss,
    epochs: int = 1,
    batch_size: int = 32,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    workers: int | None = None,
    augment: Augment | None = None,
    average: WeightAverage | None = None,
    pool: AbstractContextManager[Callable[..., object]] | None = None,
) -> Iterator[Step | Epoch]: ...
def evaluate(model: Model, X: ArrayLike, y: ArrayLike, loss: Loss) -> tuple[float, float | None]: ...
def confusion_matrix(model: Model, X: ArrayLike, y: ArrayLike) -> Labels: ...

# --- data ---

def shifted(X: ArrayLike, rng: Generator, pixels: int = 2) -> Array: ...
def rotated(X: ArrayLike, rng: Generator, degrees: float = 10) -> Array: ...

@dataclass(frozen=True)
class Digits:
    X_train: Array
    y_train: Labels
    X_test: Array
    y_test: Labels

def load_mnist(folder: Path | None = None, limit: int | None = None, seed: int = 0) -> Digits: ...
def load_idx(path: Path) -> NDArray[np.number]: ...

# --- finite differences ---

def gradient_check(
    subject: Layer | Model | Functions,
    *arrays: ArrayLike,
    loss: Loss | None = None,
    entries: int = 200,
    epsilon: float = 1e-5,
    seed: int = 0,
) -> tuple[float, str]: ...
def gradient_check_grid(
    forward: Callable[..., Array],
    backward: Callable[..., tuple[Array, Array, Array]],
    sizes: Sequence[Pair],
    kernels: Sequence[Pair],
    strides: Sequence[Pair],
    paddings: Sequence[Padding],
    dilation: Pair = 1,
) -> NDArray[np.float64]: ...
def cost_surface(
    model: Model, X: ArrayLike, y: ArrayLike, loss: Loss, span: float = 1.0, points: int = 21, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
