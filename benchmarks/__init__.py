"""How fast cnn_core is: races against PyTorch and plain NumPy, the floor, single functions: `make bench`."""
