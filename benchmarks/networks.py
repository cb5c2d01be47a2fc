"""The four networks of the comparisons, as layers of cnn_core and of PyTorch.

Shapes      X (N, 1, 28, 28), ten outputs. Both libraries have the same layers in the same order. PyTorch gets the
            padding in pixels, because it lacks some of its names.
"""

from cnn_core import Conv2D, Flatten, FullyConnected, Pool2D, ReLU


def first():
    """Return two 3x3 convolutions with pooling, then 128 nodes: the network of chapter 08."""
    return [
        *(Conv2D(16, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Conv2D(32, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Flatten(), FullyConnected(128), ReLU(), FullyConnected(10, "zeros")),
    ]


def lenet():
    """Return LeNet-5 with ReLU and max pooling (LeCun et al. 1998 used tanh and a trainable mean)."""
    return [
        *(Conv2D(6, 5, padding="same"), ReLU(), Pool2D(2)),
        *(Conv2D(16, 5), ReLU(), Pool2D(2)),
        *(Flatten(), FullyConnected(120), ReLU(), FullyConnected(84), ReLU(), FullyConnected(10, "zeros")),
    ]


def three():
    """Return three convolutions of up to 64 filters."""
    return [
        *(Conv2D(16, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Conv2D(32, 3, padding="same"), ReLU(), Pool2D(2)),
        *(Conv2D(64, 3, padding="same"), ReLU()),
        *(Flatten(), FullyConnected(10, "zeros")),
    ]


def strided():
    """Return the first network with stride 2 in place of pooling."""
    return [
        *(Conv2D(16, 3, stride=2, padding=1), ReLU()),
        *(Conv2D(32, 3, stride=2, padding=1), ReLU()),
        *(Flatten(), FullyConnected(128), ReLU(), FullyConnected(10, "zeros")),
    ]


NETWORKS = {
    "conv16-pool-conv32-pool-fc128": first,
    "LeNet, 5x5": lenet,
    "three convolutions, up to 64 filters": three,
    "stride 2 in place of pooling": strided,
}


def in_torch(layers):
    """Return the same layers as a torch.nn.Sequential."""
    from torch import nn

    shape, made = (1, 28, 28), []
    for layer in layers:
        made.append(_layer_in_torch(nn, layer, shape))
        shape = layer.output_shape(shape)
    return nn.Sequential(*made)


def _layer_in_torch(nn, layer, shape):
    match layer:
        case Conv2D():
            (padding, _), _ = layer.geometry(shape).padding
            return nn.Conv2d(shape[0], layer.num_filters, layer.kernel_size, layer.stride, padding)
        case Pool2D():
            return nn.MaxPool2d(layer.pool_size, layer.stride)
        case FullyConnected():
            return nn.Linear(shape[0], layer.num_nodes)
    return {"ReLU": nn.ReLU, "Flatten": nn.Flatten}[layer.name]()
