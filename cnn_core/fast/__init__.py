"""The optimised implementations and the runtime of `fit` and `predict`: memory layout, buffers, micro-batches, threads.

Every other chapter does without this package; chapter 09 is about it.
"""
