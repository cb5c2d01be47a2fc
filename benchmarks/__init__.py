"""Benchmarks of cnn_core, `make bench`: comparisons with PyTorch and plain NumPy, a lower bound, single functions."""
