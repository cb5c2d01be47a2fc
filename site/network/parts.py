"""The parts of explained.html: which functions stand side by side, row by row, and the words for each row.

A row is (start of its first line in JavaScript, the same in Python, words); None: the row has nothing there. A word
between backticks is code.
"""

from dataclasses import dataclass, field

from cnn_core import activations, convolution, fully_connected, layer, pooling


@dataclass(frozen=True)
class Part:
    """A part: a title, an introduction, functions of network.js by name and functions of cnn_core, and rows."""

    title: str
    introduction: str
    javascript: list
    python: list = field(default_factory=list)
    rows: list = field(default_factory=list)


PARTS = [
    Part(
        "Arrays",
        """NumPy gives Python its arrays. In JavaScript we make lists of lists, whose last axis is a `Float64Array`:
        `X[c][row][column]` reads as in Python. The page computes one image at a time, so there is no axis N.""",
        ["zeros", "entrywise"],
        rows=[
            ("function zeros", None, "An array of zeros, like `np.zeros`: a list of arrays with one axis less."),
            (
                "// Return f",
                None,
                "What NumPy does by itself in `A + B`: a function of numbers, applied to all entries.",
            ),
        ],
    ),
    Part(
        "Convolution",
        "The definition: at each position, the sum of the products of the filter and its window.",
        ["pad", "add_convolution"],
        [convolution.pad, convolution.convolve],
        [
            ("function pad", "def pad", "Zeros around the map."),
            (
                "function add_convolution",
                "def convolve",
                """JavaScript adds to an output that is there already, so the sum over the channels needs no further
                array. Here the stride is 1, and nobody else calls the function, so there is nothing to check.""",
            ),
            ("    for (let row", "    for row, column", "For every pixel of the output …"),
            (
                "            let sum",
                "        window =",
                "… the sum over its window. NumPy takes the whole window at once, JavaScript one weight at a time.",
            ),
            ("            O[row][column] +=", "        O[row, column] =", "The sum is the pixel."),
        ],
    ),
    Part(
        "The convolutional layer, forward",
        "Every filter is convolved with all channels, and has one bias.",
        ["conv2d_forward"],
        [convolution.conv2d_forward_loop],
        [
            ("function conv2d_forward", "def conv2d_forward_loop", "The input, the filters and the biases."),
            ("    const Xp", "    Xp =", "The padding of a 3 by 3 filter is 1 pixel on each side: half of 3 − 1."),
            ("    const O", "    O =", "As many maps as there are filters."),
            ("    for (let k", "    for n, k", "For each filter …"),
            ("        O[k].forEach", None, "… begin with its bias, which Python adds last …"),
            ("        for (let c", "        for c in", "… and add the convolutions of all channels with its kernels."),
        ],
    ),
    Part(
        "The convolutional layer, backward",
        """The gradient with respect to the input: each entry of dC/dO, times the filter, is added to the pixels of its
        window. That is a full convolution of dC/dO with the rotated filter.""",
        ["rotated", "conv2d_backward"],
        [convolution.conv2d_backward_dilated],
        [
            (
                "function rotated",
                "def conv2d_backward_dilated",
                """Python has the general case: a stride, which dilates dC/dO, and the gradients of the filters too, for
                training. The page trains nothing.""",
            ),
            ("function conv2d_backward", "    Xp =", "With stride 1 no pixel is excluded, and dC/dO stays as it is."),
            (
                "    const dC_dOp",
                "    rotated =",
                """A full convolution pads with 2 pixels, and 1 is cropped afterwards, because the input was padded.
                So it is enough to pad with 1.""",
            ),
            ("    const dC_dX", "    dC_dXp, dC_dF", "The gradient has the shape of the input."),
            ("    for (let k", "    for n in", "Every filter contributes …"),
            (
                "        for (let c",
                "            dC_dF[k, c]",
                "… to every channel: the convolution of its dC/dO with its kernel, rotated by 180 degrees.",
            ),
            ("    return dC_dX", "    return crop", "In Python the padding is cropped; here nothing is left to crop."),
        ],
    ),
    Part(
        "Pooling",
        "The largest of 2 by 2 pixels goes forward. Backward, it alone gets the gradient: the others had no part.",
        ["each_window", "largest", "pool2d_forward", "pool2d_backward"],
        [pooling._window, pooling.pool2d_forward_loop, pooling.pool2d_backward_loop],
        [
            ("// Call f(c", None, "All windows of all maps: forward and backward go through them alike."),
            (
                "function largest",
                "def _window",
                """Python cuts the window out. JavaScript looks for its largest pixel, and of equal pixels takes the
                first, as `np.argmax` does: `>`, not `>=`.""",
            ),
            ("function pool2d_forward", "def pool2d_forward_loop", "Forward: half as many rows and columns …"),
            (
                "    each_window",
                "    for n, c, row, column in np.ndindex(O",
                "… and each pixel is the largest of its window.",
            ),
            ("function pool2d_backward", "def pool2d_backward_loop", "Backward: zeros everywhere …"),
            (
                "    each_window",
                "    for n, c, row, column in np.ndindex(dC_dO",
                "… and the gradient of each window is added to its largest pixel.",
            ),
        ],
    ),
    Part(
        "ReLU",
        "Negative numbers become 0. Without this layer, all the others together would be one matrix.",
        ["relu_forward", "relu_backward"],
        [activations.relu_forward, activations.relu_backward],
        [
            ("function relu_forward", "def relu_forward", "Forward: the larger of the number and 0."),
            (
                "function relu_backward",
                "def relu_backward",
                "Backward: where the input was above 0, the gradient passes; elsewhere it is 0.",
            ),
        ],
    ),
    Part(
        "Flatten",
        "The same numbers in one row, channel by channel, and back.",
        ["flatten_forward", "flatten_backward"],
        [fully_connected.Flatten.apply, fully_connected.Flatten.gradients],
        [
            ("function flatten_forward", "def apply", "32 maps of 7 by 7 pixels become 1,568 numbers."),
            ("function flatten_backward", "def gradients", "The gradients return to the places of the pixels."),
        ],
    ),
    Part(
        "The fully connected layer",
        "Forward X W + B. Backward dC/dO times the transposed W.",
        ["dense_forward", "dense_backward"],
        [fully_connected._forward, fully_connected._input_gradient],
        [
            (
                "function dense_forward",
                "def _forward",
                "Each input, times its weights, is added to the nodes, which begin with their biases.",
            ),
            (
                "function dense_backward",
                "def _input_gradient",
                "The gradient of an input is a sum over the nodes, with the same weights.",
            ),
        ],
    ),
    Part(
        "Softmax",
        "Ten scores become probabilities. Only the bars need them: the gradient on the page is that of a score.",
        ["softmax_forward"],
        [activations.softmax_forward],
        [
            ("function softmax_forward", "def softmax_forward", "The scores, one for each digit."),
            (
                "    const largest",
                "    with np.errstate",
                "The largest score is subtracted first, so that no exponential can overflow.",
            ),
            ("    const sum", "    return powers", "Divided by their sum, they add up to 1."),
        ],
    ),
    Part(
        "The network",
        "Forward goes through the layers and keeps what each received. Backward goes through them in reverse.",
        ["LAYERS", "forward_pass", "backward_pass"],
        [layer.forward_pass, layer.backward_pass],
        [
            ("const LAYERS", None, "A layer is a pair of functions that know its parameters. In Python it is a class."),
            (
                "// Return the input",
                "def forward_pass",
                "The outputs are kept: the backward pass needs the input of each layer, and the page shows them.",
            ),
            ("    for (const layer", "    for layer, own", "The output of a layer is the input of the next."),
            (
                "// Return dC/dX",
                "def backward_pass",
                "It begins with dC/dO of the last layer: 1 for the chosen score, 0 for the others.",
            ),
            (
                "    for (let index",
                "    for index",
                """In reverse, each layer turns dC/dO into dC/dX, which is dC/dO of the layer before it. The last of
                them is the gradient with respect to the image: the saliency map.""",
            ),
        ],
    ),
]
