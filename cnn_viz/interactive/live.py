"""The live display of a training run in a notebook: a progress bar, a line of text, a plot of cost and accuracy.

Snapshot    below it, if the user gives a function that draws it, the network as it is now.
Cost        about 5 % of the running time at most: after each drawing, the display waits some fifty times as long as the
            drawing took.
Stored      at the end a picture of the curves replaces the display. It is shown where no Python runs and no widget
            works: on GitHub, on a static page, in a notebook that has not been run.
"""

import ipywidgets
from IPython.display import display

from cnn_viz.base.figures import bundle_of, png_of, size_of
from cnn_viz.base.notebook import close_widgets, print_wrapped
from cnn_viz.base.text import clock_time, percent
from cnn_viz.interactive.history import ConsoleDisplay, Throttle
from cnn_viz.interactive.states import LEAST, draw_state, message_of
from cnn_viz.plots.curves import HEIGHT, WIDTH, Curves, describe, running_mean, window_for


class LiveDisplay(ConsoleDisplay):
    """A bar, a text and a picture that follow a run; under them a line for each epoch.

    Parameters
    ----------
    history : History
        Filled by the caller, who calls `show` after each record and `close` at the end.
    snapshot : callable, optional
        Returns a figure and a sentence.
    """

    def __init__(self, history, snapshot=None):
        super().__init__(history)
        self.snapshot = None if snapshot is None else LiveSnapshot(snapshot)
        self.curves = Curves()
        self.bar = ipywidgets.FloatProgress(max=1.0, layout={"width": f"{WIDTH}px"})
        self.text = ipywidgets.HTML("Starting ...")
        size = {"width": f"{WIDTH}px", "height": f"{HEIGHT}px"}
        self.image = ipywidgets.Image(value=self._picture(), format="png", layout=size)
        self.box = ipywidgets.VBox([self.bar, self.text, self.image])
        self.handle = display(self.box, display_id=True)
        if self.snapshot is not None:
            self.snapshot.open()
        self.text_throttle, self.picture_throttle = Throttle(0.2, share=0.01), Throttle(0.5, share=0.02)

    def show(self, record):
        """Update the bar, the text and the picture if they are due, and print the line of an epoch."""
        super().show(record)
        if not self.history.steps:
            return
        if self.text_throttle.due():
            self.text_throttle.run(self._show_text)
        if self.picture_throttle.due():
            self.picture_throttle.run(self._show_picture)
        if self.snapshot is not None:
            self.snapshot.follow()

    def close(self):
        """Replace the live display by the final picture, and print the sentence that describes it."""
        sentence = describe(self.history)
        data, metadata = bundle_of(self.curves.update(self.history).figure, sentence)
        self.handle.update(data, metadata=metadata, raw=True)
        close_widgets(self.box)
        print_wrapped(sentence)
        if self.snapshot is not None:
            self.snapshot.close()

    def _show_text(self):
        last = self.history.steps[-1]
        self.bar.value = last.step / last.steps
        self.text.value = f"<span style='font-variant-numeric: tabular-nums'>{self._status(last)}</span>"

    def _status(self, last):
        window = window_for(last.steps)
        cost = running_mean(self.history.cost[-window:], window)[-1]
        accuracy = running_mean(self.history.accuracy[-window:], window)[-1]
        parts = [f"epoch {last.epoch} of {last.epochs}", f"step {last.step:,} of {last.steps:,}", f"cost {cost:.3g}"]
        if last.accuracy is not None:
            parts.append(f"accuracy {percent(accuracy)}")
        left = self.timer.seconds_left(last.step, last.steps)
        return " · ".join(parts if left is None else [*parts, f"{clock_time(left)} left"])

    def _show_picture(self):
        self.image.value = self._picture()

    def _picture(self):
        last = self.history.steps[-1] if self.history.steps else None
        remaining = last.steps - last.step if last else 0
        figure = self.curves.update(self.history, len(self.history.steps) + remaining).figure
        return png_of(figure, sharpness=1, compression=1)


class LiveSnapshot:
    """A picture of the network itself, under the curves.

    Parameters
    ----------
    snapshot : callable
        Returns a figure and a sentence. It is called at once, so that its errors show before anything is displayed.
        An error that it raises later is shown in its place, and the training goes on.
    """

    def __init__(self, snapshot):
        self.draw, self.throttle = snapshot, Throttle(0.5, share=0.02)
        self.image = ipywidgets.Image(format="png")
        self.throttle.run(lambda: self._show(*draw_state(snapshot, {})))

    def open(self):
        """Display the first picture here in the notebook."""
        self.handle = display(self.image, display_id=True)

    def follow(self):
        """Draw the network as it is now, if that is due."""
        if self.throttle.due():
            self.throttle.run(self._follow)

    def close(self):
        """Replace the live picture by the last one, and print its sentence."""
        self._follow()
        data, metadata = bundle_of(self.figure, self.sentence)
        self.handle.update(data, metadata=metadata, raw=True)
        self.image.close()
        print_wrapped(self.sentence)

    def _follow(self):
        try:
            self._show(*draw_state(self.draw, {}))
        except Exception as error:
            self._show(*message_of(error, tuple(map(max, size_of(self.figure), LEAST))))

    def _show(self, figure, sentence):
        png = png_of(figure, sharpness=1, compression=1)
        self.figure, self.sentence = figure, sentence
        self.image.layout.width, self.image.layout.height = (f"{side}px" for side in size_of(figure))
        self.image.value = png
