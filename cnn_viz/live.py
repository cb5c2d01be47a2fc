"""The live display of a training run in a notebook: a progress bar, a line of text, a plot of cost and accuracy.

Inside      under it, if the reader gives a function that draws it, what the network looks like by now.
Cost        at most some 5 % of the time: after each drawing it waits some fifty times as long as the drawing took.
Stored      at the end a picture of the curves takes the display's place. A picture is seen everywhere, also where no
            Python runs and no widget moves: on GitHub, in a static page, in a notebook that nobody has run.
Used by     progress.watch.
"""

import ipywidgets
from IPython.display import display

from cnn_viz.clock import Pace, duration
from cnn_viz.curves import HEIGHT, WIDTH, Curves, describe, percent, running_mean, window_for
from cnn_viz.figures import bundle_of, png_of, size_of
from cnn_viz.notebook import say
from cnn_viz.progress import Plain
from cnn_viz.states import draw_state


class Live(Plain):
    """A bar, a text and a picture that follow a run; under them a line for each epoch.

    Parameters
    ----------
    history : History
        Filled by the caller, who calls `show` after each record and `close` at the end.
    look : callable, optional
        Returns a figure and a sentence.
    """

    def __init__(self, history, look=None):
        super().__init__(history)
        self.inside = None if look is None else Inside(look)
        self.curves = Curves()
        self.bar = ipywidgets.FloatProgress(max=1.0, layout={"width": f"{WIDTH}px"})
        self.text = ipywidgets.HTML("Starting ...")
        size = {"width": f"{WIDTH}px", "height": f"{HEIGHT}px"}
        self.image = ipywidgets.Image(value=self._picture(), format="png", layout=size)
        self.box = ipywidgets.VBox([self.bar, self.text, self.image])
        self.handle = display(self.box, display_id=True)
        if self.inside is not None:
            self.inside.open()
        self.text_pace, self.picture_pace = Pace(0.2, share=0.01), Pace(0.5, share=0.02)

    def show(self, record):
        """Bring up to date what is due of the bar, the text and the picture, and print the line of an epoch."""
        super().show(record)
        if not self.history.steps:
            return
        if self.text_pace.due():
            self.text_pace.spend(self._show_text)
        if self.picture_pace.due():
            self.picture_pace.spend(self._show_picture)
        if self.inside is not None:
            self.inside.follow()

    def close(self):
        """Put the final picture where the live display was, and print the sentence that says what it shows."""
        sentence = describe(self.history)
        data, metadata = bundle_of(self.curves.update(self.history).figure, sentence)
        self.handle.update(data, metadata=metadata, raw=True)
        for widget in (self.box, self.bar, self.text, self.image):
            widget.close()
        say(sentence)
        if self.inside is not None:
            self.inside.close()

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
        left = self.clock.seconds_left(last.step, last.steps)
        return " · ".join(parts if left is None else [*parts, f"{duration(left)} left"])

    def _show_picture(self):
        self.image.value = self._picture()

    def _picture(self):
        last = self.history.steps[-1] if self.history.steps else None
        to_come = last.steps - last.step if last else 0
        figure = self.curves.update(self.history, len(self.history.steps) + to_come).figure
        return png_of(figure, sharpness=1, compression=1)


class Inside:
    """A picture of the network itself, under the curves.

    Parameters
    ----------
    look : callable
        Returns a figure and a sentence. It is asked at once: what is wrong with it shows before anything is displayed.
    """

    def __init__(self, look):
        self.look, self.pace = look, Pace(0.5, share=0.02)
        self.image = ipywidgets.Image(format="png")
        self.follow()

    def open(self):
        """Put the first picture where we are in the notebook."""
        self.handle = display(self.image, display_id=True)

    def follow(self):
        """Draw the network as it is now, if that is due."""
        if self.pace.due():
            self.pace.spend(self._show)

    def close(self):
        """Put the last picture where the live one was, and print its sentence."""
        figure, sentence = draw_state("watch", self.look, {})
        data, metadata = bundle_of(figure, sentence)
        self.handle.update(data, metadata=metadata, raw=True)
        self.image.close()
        say(sentence)

    def _show(self):
        figure, _ = draw_state("watch", self.look, {})
        self.image.layout.width, self.image.layout.height = (f"{side}px" for side in size_of(figure))
        self.image.value = png_of(figure, sharpness=1, compression=1)
