"""Images and feature maps as pixels: digits, stacks of maps, a forward pass."""
