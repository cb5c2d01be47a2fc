"""Small arrays with a number in each cell: convolution, its gradients, pooling, and matrix products."""
