"""A network as a diagram: the output of every layer to scale, with its receptive field; and one of a few units."""
