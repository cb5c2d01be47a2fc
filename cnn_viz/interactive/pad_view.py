"""The view of drawing_pad: a pad that is drawn on, and the picture and its sentence, which follow the drawing.

Pad         an anywidget, whose code (drawing_pad.js) is sent to the page by the kernel, not by a network.
Latest      ipywidgets sends no drawing before the one before has been answered, and then only the latest. So however
            slow `draw` is, no queue grows, and the last picture is that of the finished drawing.
"""

import base64
import io
from importlib.resources import files

import anywidget
import ipywidgets
import numpy as np
import traitlets
from PIL import Image

from cnn_core import checks
from cnn_viz.images.strokes import PEN, checked_strokes, image_of, squared
from cnn_viz.interactive.states import draw_state_or_reason, message_of
from cnn_viz.interactive.view import View


def _source(suffix):
    return files("cnn_viz").joinpath("interactive", f"drawing_pad.{suffix}").read_text(encoding="utf-8")


class Pad(anywidget.AnyWidget):
    """The pad in the page.

    Attributes
    ----------
    drawing : dict
        Written by the page: the strokes, and whether the picture that the pad started with is still on it.
    start : str
        The picture that the pad starts with, as a data URL; '' for none.
    pen : float
        The width of a stroke in hundredths of the pad's side.
    sentence : str
        Read aloud by a screen reader when the pen rests.
    """

    _esm = _source("js")
    _css = _source("css")
    # Echoes, with which ipywidgets answers, would put a drawing that is some milliseconds old in place of the newest.
    drawing = traitlets.Dict().tag(sync=True, echo_update=False)
    start = traitlets.Unicode().tag(sync=True)
    pen = traitlets.Float(PEN).tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)


class PadView(View):
    """A picture that follows a drawing.

    Parameters
    ----------
    draw : callable
    start : array or None
    strokes : list
        The drawing that the pad starts with.
    """

    def __init__(self, draw, start, strokes):
        super().__init__()
        self.draw, self.start = draw, start
        url = "" if start is None else data_url(squared(start))
        self.pad = Pad(drawing={"strokes": strokes, "started": start is not None}, start=url)
        style = {"flex_flow": "row wrap", "align_items": "flex-start", "grid_gap": "8px 24px"}
        self.box = ipywidgets.HBox([self.pad, self.place], layout=style)
        self.pad.observe(self._follow, "drawing")
        self._draw()

    def _follow(self, _):
        """Draw after a change; any error, here or in drawing, is shown in place of the old picture."""
        try:
            self._draw()
        except Exception as error:
            self.show(*message_of(error, self.space))

    @checks.public_as("drawing_pad")
    def _draw(self):
        drawing = self.pad.drawing
        image = image_of(self.start if drawing["started"] else None, checked_strokes(drawing["strokes"]))
        self.show(*draw_state_or_reason(lambda: self.draw(image), {}, self.space))
        self.pad.sentence = self.sentence


def data_url(ink):
    """Return ink, values 0..1, as the address of a PNG that contains its own bytes."""
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.rint(255 * ink))).save(file, "png")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
