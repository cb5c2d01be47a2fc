"""cnn_core: a convolutional neural network in NumPy alone, with nothing hidden.

Every public name is listed here once, under its module.
"""

# fmt: off
# isort: off
from .activations import LeakyReLU as LeakyReLU, ReLU as ReLU, Sigmoid as Sigmoid, Softmax as Softmax, Tanh as Tanh
from .activations import leaky_relu_backward as leaky_relu_backward, leaky_relu_forward as leaky_relu_forward
from .activations import relu_backward as relu_backward, relu_forward as relu_forward
from .activations import sigmoid_backward as sigmoid_backward, sigmoid_forward as sigmoid_forward
from .activations import softmax_backward as softmax_backward, softmax_forward as softmax_forward
from .activations import tanh_backward as tanh_backward, tanh_forward as tanh_forward
from .checkpoint import load_checkpoint as load_checkpoint, save_checkpoint as save_checkpoint
from .convolution import Conv2D as Conv2D, conv2d_backward as conv2d_backward
from .convolution import conv2d_backward_dilated as conv2d_backward_dilated, conv2d_forward as conv2d_forward
from .convolution import conv2d_forward_loop as conv2d_forward_loop, convolve as convolve
from .convolution import convolve_vectorised as convolve_vectorised
from .dilation import dilate as dilate
from .finite_differences import cost_surface as cost_surface, gradient_check as gradient_check
from .finite_differences import gradient_check_grid as gradient_check_grid
from .fully_connected import Flatten as Flatten, FullyConnected as FullyConnected, dense_backward as dense_backward
from .fully_connected import dense_forward as dense_forward
from .initialise import constant as constant, he_normal as he_normal, he_uniform as he_uniform
from .initialise import xavier_normal as xavier_normal, xavier_uniform as xavier_uniform, zeros as zeros
from .layer import Layer as Layer
from .losses import CrossEntropy as CrossEntropy, MeanSquaredError as MeanSquaredError
from .mnist import load_idx as load_idx, load_mnist as load_mnist
from .model import Model as Model
from .optimisers import Adam as Adam, AdamW as AdamW, Constant as Constant, Cosine as Cosine
from .optimisers import GradientDescent as GradientDescent, Momentum as Momentum, Nesterov as Nesterov
from .optimisers import OneCycle as OneCycle, Optimiser as Optimiser, RMSProp as RMSProp, StepDecay as StepDecay
from .pooling import Pool2D as Pool2D, pool2d_backward as pool2d_backward, pool2d_backward_loop as pool2d_backward_loop
from .pooling import pool2d_forward as pool2d_forward, pool2d_forward_loop as pool2d_forward_loop
from .shapes import excluded_pixels as excluded_pixels, output_size as output_size, padding_amounts as padding_amounts
from .shapes import receptive_field as receptive_field
from .training import Epoch as Epoch, Step as Step, batches as batches, confusion_matrix as confusion_matrix
from .training import evaluate as evaluate, fit as fit

__all__ = [name for name in dir() if name[0] != "_" and not hasattr(globals()[name], "__spec__")]  # no modules
