"""Widgets, grids of frames, animations, and the display that follows a training run."""
