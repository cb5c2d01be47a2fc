"""explained.html: every line of network.js beside the lines of cnn_core that do the same.

Sources     network.js, and the Python by inspect, without docstrings and decorators: the page shows what is run.
PARTS       for each part a title, an introduction, the JavaScript functions, the Python functions, and the rows: the
            start of the first line of a row in either language (None: nothing there), and its explanation. Every line
            of the functions belongs to a row, and every function of network.js to a part; otherwise the page is not
            made.
"""

import ast
import inspect
import re
import textwrap

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import JavascriptLexer, PythonLexer

from cnn_core import activations, convolution, fully_connected, layer, pooling

LEXERS = {"js": JavascriptLexer(stripnl=False), "python": PythonLexer(stripnl=False)}
FORMATTER = HtmlFormatter(nowrap=True)

PARTS = [
    (
        "Arrays",
        "NumPy gives Python its arrays. In JavaScript we make lists of lists, whose last axis is a <code>Float64Array</code>: "
        "<code>X[c][row][column]</code> reads as in Python. The page computes one image at a time, so there is no axis N.",
        ["zeros", "entrywise"],
        [],
        [
            (
                "function zeros",
                None,
                "An array of zeros, like <code>np.zeros</code>: a list of arrays with one axis less.",
            ),
            (
                "// Call f",
                None,
                "What NumPy does by itself in <code>A + B</code>: a function of numbers, applied to all entries of arrays of one shape.",
            ),
        ],
    ),
    (
        "Convolution",
        "The definition: at each position, the sum of the products of the filter and its window.",
        ["pad", "add_convolution"],
        [convolution.pad, convolution.convolve],
        [
            ("function pad", "def pad", "Zeros around the map."),
            (
                "function add_convolution",
                "def convolve",
                "JavaScript adds to an output that is there already, so the sum over the channels needs no further array. "
                "Here the stride is 1, and nobody else calls the function, so there is nothing to check.",
            ),
            ("    for (let row", "    for row, column", "For every pixel of the output …"),
            (
                "            let sum",
                "        window =",
                "… the sum over the window. NumPy multiplies the whole window at once, JavaScript one weight at a time.",
            ),
            ("            O[row][column] +=", "        O[row, column] =", "The sum is the pixel."),
        ],
    ),
    (
        "The convolutional layer, forward",
        "Every filter is convolved with all channels, and has one bias.",
        ["conv2d_forward"],
        [convolution.conv2d_forward_loop],
        [
            ("function conv2d_forward", "def conv2d_forward_loop", "The input, the filters and the biases."),
            ("    const Xp", "    Xp =", "Padding ‘same’ of a 3 by 3 filter is 1 pixel on each side: half of 3 − 1."),
            ("    const O", "    O =", "As many maps as there are filters."),
            ("    for (let k", "    for n, k", "For each filter …"),
            ("        for (let c", "        for c in", "… the convolutions with its channels are added …"),
            ("        O[k].forEach", "    for bias", "… and the bias."),
        ],
    ),
    (
        "The convolutional layer, backward",
        "The gradient with respect to the input: each entry of dC/dO, times the filter, is added to the pixels of its "
        "window. That is a full convolution of dC/dO with the rotated filter.",
        ["rotated", "conv2d_backward"],
        [convolution.conv2d_backward_dilated],
        [
            (
                "function rotated",
                "def conv2d_backward_dilated",
                "Python has the general case: a stride, which dilates dC/dO, and the gradients of the filters too, for "
                "training. The page trains nothing.",
            ),
            ("function conv2d_backward", "    Xp =", "With stride 1 nothing is excluded, and dC/dO stays as it is."),
            (
                "    const dC_dOp",
                "    rotated =",
                "A full convolution pads with 2 pixels, and 1 is cropped afterwards because the input was padded. So it is "
                "enough to pad with 1.",
            ),
            ("    const dC_dX", "    dC_dXp, dC_dF", "The gradient has the shape of the input."),
            ("    for (let k", "    for n in", "Every filter contributes …"),
            (
                "        for (let c",
                "            dC_dF[k, c]",
                "… to every channel: the convolution of its dC/dO with its kernel, rotated by 180 degrees.",
            ),
            ("    return dC_dX", "    return crop", "The padding is cropped: here nothing is left to crop."),
        ],
    ),
    (
        "Pooling",
        "The largest of 2 by 2 pixels goes forward. Backward, it alone gets the gradient: the others had no part.",
        ["largest", "pool2d_forward", "pool2d_backward"],
        [pooling._window, pooling.pool2d_forward_loop, pooling.pool2d_backward_loop],
        [
            (
                "function largest",
                "def _window",
                "Where the largest pixel of a window is. Of equal pixels the first is taken: <code>&gt;</code>, not "
                "<code>&gt;=</code>, as <code>np.argmax</code> does it.",
            ),
            ("function pool2d_forward", "def pool2d_forward_loop", "Forward, half as many rows and columns …"),
            ("    O.forEach", "    for n, c, row, column in np.ndindex(O", "… each the largest of its window."),
            ("function pool2d_backward", "def pool2d_backward_loop", "Backward, zeros everywhere …"),
            (
                "    dC_dO.forEach",
                "    for n, c, row, column in np.ndindex(dC_dO",
                "… and the gradient of each window is added to its largest pixel.",
            ),
        ],
    ),
    (
        "ReLU",
        "The simplest layer, and the one that makes the network more than a single matrix.",
        ["relu_forward", "relu_backward"],
        [activations.relu_forward, activations.relu_backward],
        [
            ("function relu_forward", "def relu_forward", "Negative numbers become 0."),
            (
                "function relu_backward",
                "def relu_backward",
                "Where the input was above 0, the gradient passes; elsewhere it is 0.",
            ),
        ],
    ),
    (
        "Flatten",
        "The same numbers in one row, channel by channel, and back.",
        ["flatten_forward", "flatten_backward"],
        [fully_connected.Flatten.apply, fully_connected.Flatten.gradients],
        [
            ("function flatten_forward", "def apply", "32 maps of 7 by 7 pixels become 1,568 numbers."),
            ("function flatten_backward", "def gradients", "The gradients return to the places of the pixels."),
        ],
    ),
    (
        "The fully connected layer",
        "Forward X W + B. Backward dC/dO times the transposed W.",
        ["dense_forward", "dense_backward"],
        [fully_connected._forward, fully_connected._input_gradient],
        [
            (
                "function dense_forward",
                "def _forward",
                "Each input, times its weights, is added to the nodes; the biases are there first.",
            ),
            (
                "function dense_backward",
                "def _input_gradient",
                "The gradient of an input is the sum over the nodes, with the same weights.",
            ),
        ],
    ),
    (
        "Softmax",
        "Ten scores become probabilities. Only the bars need them: the gradient on the page is that of a score.",
        ["softmax_forward"],
        [activations.softmax_forward],
        [
            ("function softmax_forward", "def softmax_forward", ""),
            (
                "    const powers",
                "    with np.errstate",
                "The largest score is subtracted first: no exponential can overflow.",
            ),
            ("    const sum", "    return powers", "Divided by their sum, they add up to 1."),
        ],
    ),
    (
        "The network",
        "Forward goes through the layers and keeps what they received. Backward goes through them in reverse.",
        ["LAYERS", "forward_pass", "backward_pass"],
        [layer.forward_pass, layer.backward_pass],
        [
            (
                "const LAYERS",
                None,
                "A layer is a pair of functions, with its parameters in their closure. In Python it is a class.",
            ),
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
                "In reverse, each layer turns dC/dO into dC/dX, which is dC/dO of the layer before it. The last to come "
                "out is the gradient with respect to the image: the saliency map.",
            ),
        ],
    ),
]


def explained_parts(script):
    """Return the HTML of all parts for the text of network.js."""
    blocks = javascript_blocks(script)
    named = [name for _, _, names, _, _ in PARTS for name in names]
    if sorted(named) != sorted(blocks):
        raise ValueError(f"network.js has {sorted(blocks)}, and the parts explain {sorted(named)}.")
    return "\n".join(part_html(blocks, *part) for part in PARTS)


def javascript_blocks(script):
    """Return {name: lines} of every function or constant at the top level, with the comment above it."""
    blocks = {}
    for block in re.split(r"\n\n+", script):
        lines = [line for line in block.splitlines() if not line.startswith("// ---")]
        if found := re.search(r"^(?:function|const) (\w+)", "\n".join(lines), re.MULTILINE):
            blocks[found[1]] = lines
    return blocks


def python_lines(function):
    """Return the source of a function, without its docstring and its decorators."""
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    (node,) = ast.parse("\n".join(lines)).body
    kept = range(node.lineno, len(lines) + 1)
    if ast.get_docstring(node) is not None:
        kept = [number for number in kept if not node.body[0].lineno <= number <= node.body[0].end_lineno]
    return [lines[number - 1] for number in kept]


def part_html(blocks, title, introduction, names, functions, rows):
    """Return one part: a heading, an introduction, and its rows."""
    sides = zip(*((js, python) for js, python, _ in rows), strict=True)
    sources = [[blocks[name] for name in names], [python_lines(each) for each in functions]]
    cut = [split_at(anchors, joined(source)) for anchors, source in zip(sides, sources, strict=True)]
    body = "\n".join(row_html(js, python, row[2]) for js, python, row in zip(*cut, rows, strict=True))
    head = '<div class="line head" aria-hidden="true"><span>network.js</span><span>cnn_core</span><span></span></div>'
    return f'<section>\n<h2>{title}</h2>\n<p>{introduction}</p>\n<div class="lines">{head}\n{body}\n</div>\n</section>'


def joined(blocks):
    """Return the lines of blocks, with an empty line between two."""
    return [line for block in blocks for line in ["", *block]][1:]


def split_at(anchors, lines):
    """Return the lines of each row: from the line that starts with its anchor to that of the next."""
    starts, after = [], 0
    for anchor in filter(None, anchors):
        found = [number for number, line in enumerate(lines) if number >= after and line.startswith(anchor)]
        if not found:
            raise ValueError(f"No line starts with {anchor!r} after line {after}: the explanation is out of date.")
        starts.append(found[0])
        after = found[0] + 1
    if lines and starts[0] != 0:
        raise ValueError(f"The first line is not explained: {lines[0]!r}.")
    ends = iter([*starts[1:], len(lines)])
    rest = iter(starts)
    return [lines[next(rest) : next(ends)] if anchor else [] for anchor in anchors]


def row_html(js, python, words):
    """Return one row: JavaScript, Python and the explanation."""
    cells = [code_html(js, "js"), code_html(python, "python")]
    return f'<div class="line">{"".join(cells)}<p>{words}</p></div>'


def code_html(lines, language):
    """Return a cell of highlighted code."""
    text = "\n".join(lines).rstrip()
    if not text:
        return '<div class="code empty"></div>'
    code = highlight(text, LEXERS[language], FORMATTER).rstrip("\n")
    return f'<div class="code"><pre tabindex="0">{code}</pre></div>'
