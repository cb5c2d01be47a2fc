"""The lower part of a widget: a picture, its sentence below, and what the notebook stores of both.

Size        the space of picture and sentence grows with larger pictures and never shrinks: the page below the widget
            stays where it is.
Stored      one bundle: the live widget, the first picture, its sentence. Without a kernel, the picture is shown.
"""

import html

import ipywidgets
from IPython.display import display

from cnn_viz.base.figures import SHARPNESS, WIDEST, size_of
from cnn_viz.interactive.states import LEAST, picture_of

WIDGET = "application/vnd.jupyter.widget-view+json"
# On a narrow page a picture becomes smaller. Without its margin, its box is exactly as high as the picture.
IN_PLACE = {"object_fit": "contain", "object_position": "left top", "max_width": "100%", "margin": "0"}
SENTENCE = 52  # pixels: space for two lines of text under the largest picture


class View:
    """A picture with a sentence, to which a subclass adds the widgets that change it, in `box`.

    Attributes
    ----------
    sentence : str
        The description of the picture, or the message of an invalid state.
    """

    def __init__(self):
        self.image = ipywidgets.Image(format="png", layout=IN_PLACE)
        self.text = ipywidgets.HTML(layout={"max_width": f"{WIDEST}px"})
        self.place, self.space = ipywidgets.VBox([self.image, self.text]), LEAST

    def display(self):
        """Show the live widget, and store its picture and sentence."""
        about = {"alt": self.sentence, "width": self.size[0], "height": self.size[1]}
        data = {
            WIDGET: self.box._repr_mimebundle_()[WIDGET],
            "image/png": bytes(self.image.value),  # the widget holds a view of them
            "text/plain": self.sentence,
        }
        display(data, metadata={"image/png": about}, raw=True)

    def show(self, figure, sentence):
        """Replace the picture and the sentence."""
        png, self.size = picture_of(figure, SHARPNESS), size_of(figure)
        self.space = tuple(map(max, self.size, self.space))
        self.place.layout.min_height = f"{self.space[1] + SENTENCE}px"
        self.image.layout.width, self.image.layout.height = (f"{side}px" for side in self.size)
        self.image.value = png
        self.sentence = sentence
        self.text.value = f"<div style='line-height: 1.4'>{html.escape(sentence)}</div>"
