"""cnn_core with one of its tricks taken away: what is each of them worth? Every trick has a row here, or has no reason.

A variant changes the library in the process that it runs in, which a race starts for it alone.
"""

import numpy as np

from cnn_core import activations, convolution, parallel, pooling, training


def threads():
    """Let one worker do it all."""
    cores = parallel.crew
    training.crew = lambda workers, make_desk: cores(1, make_desk)


def shards():
    """Take the whole batch through each layer at once, with BLAS's own threads."""
    training.shards = lambda count: [slice(0, count)]
    own_blas_threads()


def own_blas_threads():
    """Let every worker's matrix products use all threads of BLAS."""
    parallel.one_blas_thread.take = lambda holder: None


def kept_arrays():
    """Make new arrays at every step."""
    parallel.Kept._given = lambda self, key, make: make()
    parallel.Kept.part = lambda self, name: self


def pooling_first():
    """Let ReLU look at all pixels, and pooling at what it left."""
    parallel._pooling_first = lambda layers: list(range(len(layers)))


def bits_for_masks():
    """Choose by np.where what a mask keeps."""

    def keep(values, mask, out):
        out[...] = np.where(mask, values, 0)
        return out

    activations.keep = pooling.keep = keep


def first_left_out():
    """Compute the first layer's dC/dX too, though nobody asks for it."""
    parallel.Kept.first = property(lambda self: False, lambda self, value: None)


def known_output():
    """Let pooling find the largest pixels again on the way back."""
    parallel.Kept.output = property(lambda self: None, lambda self, value: None)


def turned_filters():
    """Spread dC/dO over its windows at stride 1 too, where a convolution with turned filters would do."""
    convolution._input_gradient = convolution._spread


def spreading():
    """Convolve with turned filters wherever the stride is 1, also where most of what they meet is padding."""
    convolution.math = type("NoArea", (), {"prod": staticmethod(lambda sizes: 0)})


VARIANTS = {
    "one thread in place of all": (threads, 0),
    "the whole batch at once, BLAS's own threads": (shards, 0),
    "workers whose products use BLAS's threads too": (own_blas_threads, 0),
    "new arrays at every step": (kept_arrays, 0),
    "ReLU before pooling": (pooling_first, 0),
    "np.where in place of bits times mask": (bits_for_masks, 0),
    "the first layer's dC/dX too": (first_left_out, 0),
    "pooling looks for the winners anew": (known_output, 0),
    "dC/dX always spread": (turned_filters, 0),
    "dC/dX never spread at stride 1 (LeNet)": (spreading, 1),
}
