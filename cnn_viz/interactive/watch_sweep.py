"""watch_sweep: a progress bar and a picture that fills while the jobs of a sweep come in.

Results     pairs (name, result) come in one by one, a dictionary of them goes out.
Imports     ipywidgets is imported in a notebook that has it; elsewhere there is a line of text a job.
Chapters    13.
"""

from cnn_core import checks
from cnn_viz.base.figures import bundle_of, png_of, show_figure, size_of
from cnn_viz.base.notebook import close_widgets, has_widgets, in_notebook, print_wrapped
from cnn_viz.interactive.states import draw_state


@checks.public
def watch_sweep(results, count, draw):
    """Show the progress of a sweep, and return its results.

    Parameters
    ----------
    results : iterable of (name, result)
        What `cnn_interop.dask_engine.sweep` returns; a job that failed has an exception as its result.
    count : int
        The number of jobs.
    draw : callable
        ``draw(found) -> (figure, sentence)``: a picture of {name: result} so far. It is called with no results first.

    Returns
    -------
    dict
        {name: result}, in the order in which they came in.

    Notes
    -----
    Kernel > Interrupt (in a terminal, Ctrl-C) ends the sweep. The results so far are returned.
    """
    count = checks.integer("count", count)
    checks.require(hasattr(results, "__iter__"), "results must be what sweep returns.", checks.BadType)
    found = {}
    draw_state(draw, {"found": found})  # its errors show before anything is displayed
    display = _SweepDisplay(count, draw) if has_widgets() else _Lines(count, draw)
    try:
        for name, result in results:
            found[name] = result
            display.show(found)
    except KeyboardInterrupt:
        print_wrapped(f"Interrupted after {len(found)} of {count} jobs.")
    finally:
        display.close(found)
    return found


class _Lines:
    """A line of text for each job; in a notebook the picture at the end."""

    def __init__(self, count, draw):
        self.count, self.draw = count, draw

    def show(self, found):
        print_wrapped(f"{len(found)} of {self.count}: {list(found)[-1]}")

    def close(self, found):
        if in_notebook():
            show_figure(*draw_state(self.draw, {"found": found}))


class _SweepDisplay:
    """A bar and a picture; at the end the picture alone, with its sentence."""

    def __init__(self, count, draw):
        import ipywidgets
        from IPython.display import display

        self.draw, self.bar = draw, ipywidgets.IntProgress(max=count, layout={"width": "400px"})
        self.text, self.image = ipywidgets.HTML(f"0 of {count}"), ipywidgets.Image(format="png")
        self._draw({})
        self.box = ipywidgets.VBox([ipywidgets.HBox([self.bar, self.text]), self.image])
        self.handle = display(self.box, display_id=True)

    def show(self, found):
        self.bar.value = len(found)
        self.text.value = f"{len(found)} of {self.bar.max}"
        self._draw(found)

    def close(self, found):
        figure, sentence = draw_state(self.draw, {"found": found})
        data, metadata = bundle_of(figure, sentence)
        self.handle.update(data, metadata=metadata, raw=True)
        close_widgets(self.box)
        print_wrapped(sentence)

    def _draw(self, found):
        figure, _ = draw_state(self.draw, {"found": found})
        self.image.layout.width, self.image.layout.height = (f"{side}px" for side in size_of(figure))
        self.image.value = png_of(figure, sharpness=1, compression=1)
