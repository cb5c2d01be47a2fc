"""Shared parts: colours, style, figures and PNG, the notebook, layout on a canvas, grids of tiles, text, axes."""
