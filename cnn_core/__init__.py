"""cnn_core: a convolutional neural network in NumPy alone, with nothing hidden.

Every public name is listed here once, under its module. __init__.pyi has them with their types.
"""

# fmt: off
# isort: off
from .activations import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh, leaky_relu_backward, leaky_relu_forward, relu_backward
from .activations import relu_forward, sigmoid_backward, sigmoid_forward, softmax_backward, softmax_forward
from .activations import tanh_backward, tanh_forward
from .augmentation import rotated, shifted
from .averaging import WeightAverage
from .checkpoint import load_checkpoint, save_checkpoint
from .convolution import Conv2D, conv2d_backward, conv2d_backward_dilated, conv2d_forward, conv2d_forward_loop, convolve
from .convolution import convolve_vectorised
from .dilation import dilate
from .finite_differences import cost_surface, gradient_check, gradient_check_grid
from .fully_connected import Flatten, FullyConnected, dense_backward, dense_forward
from .initialise import constant, he_normal, he_uniform, xavier_normal, xavier_uniform, zeros
from .layer import Layer
from .losses import CrossEntropy, MeanSquaredError
from .mnist import load_idx, load_mnist
from .model import Model, register_layer
from .normalisation import BatchNorm2D, Dropout, GlobalAveragePool2D
from .optimisers import Adam, AdamW, Constant, Cosine, GradientDescent, Momentum, Nesterov, OneCycle, Optimiser, RMSProp
from .optimisers import StepDecay
from .pooling import Pool2D, pool2d_backward, pool2d_backward_loop, pool2d_forward, pool2d_forward_loop
from .shapes import excluded_pixels, output_size, padding_amounts, receptive_field
from .training import Epoch, Step, batches, confusion_matrix, evaluate, fit

__all__ = [name for name in dir() if name[0] != "_" and not hasattr(globals()[name], "__spec__")]  # no modules
