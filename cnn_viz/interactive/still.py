"""The display of a training run in a notebook without widgets: lines while it runs, its pictures at the end."""

from cnn_viz.base.figures import show_figure
from cnn_viz.interactive.history import ConsoleDisplay
from cnn_viz.interactive.states import LEAST, draw_state, draw_state_or_reason
from cnn_viz.plots.curves import Curves, describe


class StillDisplay(ConsoleDisplay):
    """A line for each epoch; at the end the curves, and the network if the user gives a function that draws it.

    Parameters
    ----------
    history : History
    snapshot : callable, optional
        Returns a figure and a sentence. It is called at once, so that its errors show before the training.
    """

    def __init__(self, history, snapshot=None):
        super().__init__(history)
        self.snapshot = snapshot
        if snapshot is not None:
            draw_state(snapshot, {})

    def close(self):
        """Show the final pictures, each with the sentence that describes it."""
        show_figure(Curves().update(self.history).figure, describe(self.history))
        if self.snapshot is not None:
            show_figure(*draw_state_or_reason(self.snapshot, {}, LEAST))
