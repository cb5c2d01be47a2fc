"""Figures: made in our style, turned into PNG bytes, and shown in a notebook with a sentence that describes them.

Sizes       in pixels as they are seen on the page. A PNG holds SHARPNESS times as many, for screens of high density.
Pyplot      is not needed: a figure made here is not registered with pyplot, is not shown twice, leaves no window open.
Output      show_figure is the one function here that displays and prints.
Captions    are text under the picture, as HTML that wraps and as plain text; outside a notebook they are printed.
Chapters    all: a figure in the output, and under it a computed caption that describes it.
"""

import html
import io

import matplotlib.figure

from cnn_viz.base.notebook import in_notebook, print_wrapped
from cnn_viz.base.style import in_our_style, picture

DPI = 100
SHARPNESS = 2
WIDEST, TALLEST = 760, 900  # pixels: a page shows as much without shrinking or scrolling
CAPTION = '<p style="max-width: 48em; margin: 0.3em 0 0.8em; line-height: 1.4">{}</p>'


class Figure(matplotlib.figure.Figure):
    """A figure that is rendered in our style, and that a notebook shows when it is the last line of a cell."""

    def draw(self, renderer):
        """Render the figure in our style."""
        with in_our_style():
            super().draw(renderer)

    def savefig(self, *arguments, **options):
        """Save the figure in our style."""
        with in_our_style():
            super().savefig(*arguments, **options)

    def _repr_png_(self):
        width, height = size_of(self)
        return png_of(self), {"width": width, "height": height}


@picture
def new_figure(width, height):
    """Return an empty white figure, `width` by `height` pixels large on the page."""
    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")


@picture
def add_axes(figure, left, top, width, height):
    """Return new axes on the figure, placed in pixels: `left` and `top` from the figure's left and upper edges."""
    whole_width, whole_height = size_of(figure)
    bottom = whole_height - top - height
    return figure.add_axes([left / whole_width, bottom / whole_height, width / whole_width, height / whole_height])


def pixel_axes(figure, left, top, width, height):
    """Return new axes placed like those of add_axes, without spines; their unit is a pixel, 0 at the upper left."""
    ax = add_axes(figure, left, top, width, height)
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    return ax


def add_text(figure, left, middle, text, **style):
    """Write a text on the figure, placed in pixels: `left` and `middle` from its left and upper edges."""
    width, height = size_of(figure)
    figure.text(left / width, 1 - middle / height, text, **{"va": "center"} | style)


def size_of(figure):
    """Return the (width, height) of a figure on the page, in pixels."""
    width, height = figure.get_size_inches() * DPI
    return round(width), round(height)


def png_of(figure, sharpness=SHARPNESS, compression=6):
    """Return the figure as the bytes of a PNG, `sharpness` times as wide and high as on the page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    sharpness : float
    compression : int
        From 0 (fast, large) to 9 (slow, small).

    Returns
    -------
    bytes
    """
    file = io.BytesIO()
    options = {"compress_level": compression}
    figure.savefig(file, format="png", dpi=DPI * sharpness, bbox_inches=figure.bbox_inches, pil_kwargs=options)
    return file.getvalue()


def bundle_of(figure, sentence):
    """Return the (data, metadata) that show a figure in a notebook: a PNG, whose alt text is the sentence."""
    width, height = size_of(figure)
    data = {"image/png": png_of(figure), "text/plain": f"<Figure size {width}x{height} with {len(figure.axes)} Axes>"}
    return data, {"image/png": {"alt": sentence, "width": width, "height": height}}


def caption_of(sentence):
    """Return the data that show a caption in a notebook: a paragraph, and the same words as plain text."""
    return {"text/html": CAPTION.format(html.escape(sentence)), "text/plain": sentence}


def show_figure(figure, sentence):
    """Display a figure in the notebook, with a caption under it that describes it.

    The caption is also the alt text of the picture. Outside a notebook it is printed, and no figure is shown.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or Axes
        Closed afterwards, so that a notebook does not show it a second time.
    sentence : str
        The caption, computed by the caller from the arrays that were drawn.
    """
    figure = getattr(figure, "figure", figure)
    if in_notebook():
        _display(figure, sentence)
    else:
        print_wrapped(sentence)


def _display(figure, sentence):
    from IPython.display import display
    from matplotlib import pyplot

    data, metadata = bundle_of(figure, sentence)
    display(data, metadata=metadata, raw=True)
    display(caption_of(sentence), raw=True)
    pyplot.close(figure)
