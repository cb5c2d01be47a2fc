"""The optimised runtime of `fit` and `predict`: buffers, micro-batches, threads, and fast convolution and pooling.

Chapter     09. The other chapters do without this package.
"""
