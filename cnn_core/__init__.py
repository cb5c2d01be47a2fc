"""cnn_core: a convolutional neural network in NumPy alone, with nothing hidden.

Every public name is listed here, under the file and the chapter that tell its story.
"""

from .activations import (
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_backward,
    softmax_forward,
    tanh_backward,
    tanh_forward,
)
from .checkpoint import load_checkpoint, save_checkpoint
from .convolution import (
    Conv2D,
    conv2d_backward,
    conv2d_backward_dilated,
    conv2d_forward,
    conv2d_forward_loop,
    convolve,
    convolve_vectorised,
)
from .dilation import dilate
from .finite_differences import cost_surface, gradient_check, gradient_check_grid
from .fully_connected import Flatten, FullyConnected, dense_backward, dense_forward
from .initialise import constant, he_normal, he_uniform, xavier_normal, xavier_uniform, zeros
from .layer import Layer
from .losses import CrossEntropy, MeanSquaredError
from .mnist import load_idx, load_mnist
from .model import Model
from .optimisers import (
    Adam,
    AdamW,
    Constant,
    Cosine,
    GradientDescent,
    Momentum,
    Nesterov,
    OneCycle,
    Optimiser,
    RMSProp,
    StepDecay,
)
from .pooling import Pool2D, pool2d_backward, pool2d_backward_loop, pool2d_forward, pool2d_forward_loop
from .shapes import excluded_pixels, output_size, padding_amounts, receptive_field
from .training import Epoch, Step, batches, confusion_matrix, evaluate, fit

# fmt: off
__all__ = [
    "Adam", "AdamW", "Constant", "Conv2D", "Cosine", "CrossEntropy", "Epoch", "Flatten", "FullyConnected",
    "GradientDescent", "Layer", "LeakyReLU", "MeanSquaredError", "Model", "Momentum", "Nesterov", "OneCycle",
    "Optimiser", "Pool2D", "RMSProp", "ReLU", "Sigmoid", "Softmax", "Step", "StepDecay", "Tanh", "batches",
    "confusion_matrix", "constant", "conv2d_backward", "conv2d_backward_dilated", "conv2d_forward",
    "conv2d_forward_loop", "convolve", "convolve_vectorised", "cost_surface", "dense_backward", "dense_forward",
    "dilate", "evaluate", "excluded_pixels", "fit", "gradient_check", "gradient_check_grid", "he_normal",
    "he_uniform", "leaky_relu_backward", "leaky_relu_forward", "load_checkpoint", "load_idx", "load_mnist",
    "output_size", "padding_amounts", "pool2d_backward", "pool2d_backward_loop", "pool2d_forward",
    "pool2d_forward_loop", "receptive_field", "relu_backward", "relu_forward", "save_checkpoint", "sigmoid_backward",
    "sigmoid_forward", "softmax_backward", "softmax_forward", "tanh_backward", "tanh_forward", "xavier_normal",
    "xavier_uniform", "zeros",
]
# fmt: on
