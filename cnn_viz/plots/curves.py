"""Learning curves: cost and accuracy against the step, while a network trains and after it.

History     of interactive/history.py: cost and accuracy (a value a step), ends (the steps after which an epoch ended),
            validation_cost and validation_accuracy (a value an epoch); nan where there is no value.
Training    solid black: a running mean; behind the cost the single steps, which vary widely, as a faint line.
Validation  dashed blue, with a marker at the end of each epoch.
Scales      logarithmic: of the cost on the left, of the share of errors on the right, so that the last errors, which
            are the hardest to remove, get as much space as the first.
Updates     Curves keeps one figure and moves its lines, so that the live display can draw it again and again.
Chapters    08.
"""

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from cnn_viz.base.axes import SHORT_TICKS, round_numbers
from cnn_viz.base.figures import add_axes, new_figure
from cnn_viz.base.palette import INK, RUN
from cnn_viz.base.style import picture
from cnn_viz.base.text import percent

WIDTH, HEIGHT = 760, 300  # pixels
LEFT = 74  # pixels: space for the numbers of an axis
WINDOW = 20  # steps in the running mean, at most
MOST_POINTS = 1000  # a line of more points would look the same and take longer
MOST_ENDS = 40  # more lines at the ends of epochs would hide the curves
ERRORS = (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # gridlines of the accuracy: 0 %, 50 %, ... 99.9 %
NO_ERROR = 0.0005  # where 100 % is drawn, which a logarithmic scale has no place for


def running_mean(values, window):
    """Return the mean of each value and the window - 1 before it, or of as many as there are.

    Parameters
    ----------
    values : array, shape (S,)
    window : int

    Returns
    -------
    ndarray, shape (S,)

    Examples
    --------
    >>> running_mean([1.0, 3.0, 5.0, 7.0], window=2)
    array([1., 2., 4., 6.])
    """
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=float)])
    last = np.arange(1, len(sums))
    first = np.maximum(last - window, 0)
    return (sums[last] - sums[first]) / (last - first)


def window_for(steps):
    """Return the length of the running mean for a run of so many steps: one in forty, 20 at most.

    Examples
    --------
    >>> window_for(30), window_for(400), window_for(5000)
    (1, 10, 20)
    """
    return max(1, min(WINDOW, steps // 40))


class Curves:
    """Two plots, cost and accuracy, on one figure that can be updated.

    Parameters
    ----------
    batch_size : int, optional
        Written beside the steps if given.
    """

    @picture
    def __init__(self, batch_size=None):
        unit = "step" if batch_size is None else f"step (batches of {batch_size})"
        self.figure = new_figure(WIDTH, HEIGHT)
        self.cost = CostPlot(_axes(self.figure, LEFT, unit))
        self.accuracy = AccuracyPlot(_axes(self.figure, WIDTH // 2 + LEFT, unit))
        self.legend = self._explain()

    @picture
    def update(self, history, steps=None):
        """Draw the history so far, on an axis of that many steps, and return self."""
        steps = steps or len(history.cost)
        self.cost.update(history.cost, history.ends, history.validation_cost, steps)
        self.accuracy.update(history.accuracy, history.ends, history.validation_accuracy, steps)
        window = window_for(steps)
        self.legend.get_texts()[0].set_text(f"training, mean of {window} steps" if window > 1 else "training")
        return self

    def _explain(self):
        names = {"train": "training", "single": "single steps", "validation": "validation", "ends": "end of an epoch"}
        lines = [self.cost.lines[key] for key in names]
        return self.figure.legend(lines, names.values(), loc="lower center", ncols=len(names), borderaxespad=0.2)


class MetricPlot:
    """One quantity against the step: its lines, and a title with its last values.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    """

    name = None

    def __init__(self, ax):
        self.ax = ax
        ax.set_ylabel(self.name)
        train, validation = RUN["train"], RUN["validation"]
        self.lines = {
            "ends": _line(ax, INK, ":", linewidth=1, alpha=0.5, transform=ax.get_xaxis_transform()),
            "single": _line(ax, train[0], "-", linewidth=0.8, alpha=0.25),
            "train": _line(ax, *train, linewidth=1.6),
            "validation": _line(ax, *validation, marker="o", markersize=5, clip_on=False, zorder=3),
        }

    def update(self, values, ends, validation, steps):
        """Move the lines to the values (one a step) and to the validation's (one at each of the ends)."""
        mean = running_mean(values, window_for(steps))
        at, every = np.arange(1, len(values) + 1), slice(None, None, max(1, -(-len(values) // MOST_POINTS)))
        self.lines["single"].set_data(at[every], self.singles(values)[every])
        self.lines["train"].set_data(at[every], self.position(mean)[every])
        self.lines["validation"].set_data(ends, self.position(validation))
        self.lines["ends"].set_data(_vertical([end for end in ends if end < steps]))
        self.ax.set_xlim(0, max(steps, 2) * 1.01)
        self.ax.set_ylim(*self.limits(np.concatenate([mean, validation])))
        self.ax.set_title(self.headline(mean, validation), y=1)

    def headline(self, mean, validation):
        """Return the quantity's name with its last values."""
        values = {"": mean, "validation ": validation}
        last = [name + self.text(each[-1]) for name, each in values.items() if len(each) and np.isfinite(each[-1])]
        return f"{self.name}: {', '.join(last) or 'none'}"


class CostPlot(MetricPlot):
    """The cost, on a logarithmic scale."""

    name = "cost"

    def __init__(self, ax):
        super().__init__(ax)
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())

    def text(self, cost):
        """Return a cost in three digits."""
        return f"{cost:.3g}"

    def position(self, cost):
        """Return the y of a cost."""
        return cost

    singles = position

    def limits(self, cost):
        """Return the limits of the axis, with space for single steps on both sides of the mean, and number it."""
        cost = cost[cost > 0]
        low, high = (cost.min() / 3, cost.max() * 1.5) if len(cost) else (0.1, 1)
        self.ax.yaxis.set_major_locator(FixedLocator(round_numbers(low, high)))
        return low, high


class AccuracyPlot(MetricPlot):
    """The accuracy, on a logarithmic scale of the share of errors; single steps are too coarse to be drawn."""

    name = "accuracy"

    def __init__(self, ax):
        super().__init__(ax)
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(FixedLocator([*ERRORS, NO_ERROR]))
        ax.yaxis.set_major_formatter(FixedFormatter([f"{100 - 100 * share:.4g} %" for share in ERRORS] + ["100 %"]))
        ax.yaxis.set_minor_locator(NullLocator())

    def text(self, accuracy):
        """Return an accuracy in per cent."""
        return percent(accuracy)

    def position(self, accuracy):
        """Return the y of an accuracy: the share of errors."""
        return np.maximum(1 - accuracy, NO_ERROR)

    def singles(self, accuracy):
        """Return no y: nothing is drawn."""
        return np.full(len(accuracy), np.nan)

    def limits(self, accuracy):
        """Return the limits of the axis: no accuracy at the bottom, at least 90 % at the top."""
        errors = self.position(accuracy[np.isfinite(accuracy)])
        return 1, min(0.09, errors.min(initial=1) * 0.8)


def describe(history):
    """Return a sentence that describes the curves of a history.

    Parameters
    ----------
    history : History

    Returns
    -------
    str
    """
    steps = len(history.cost)
    if not steps:
        return "Nothing has been trained yet."
    window = window_for(steps)
    last = running_mean(history.cost, window)[-1]
    mean = f"the mean of the last {window} of {steps:,} steps" if window > 1 else f"step {steps:,}"
    means = {"training": history.epoch_accuracy, "validation": history.validation_accuracy}
    known = {name: values[-1] for name, values in means.items() if len(values) and np.isfinite(values[-1])}
    shares = " and ".join(f"{percent(value)} of the {name} examples" for name, value in known.items())
    right = f" In the last epoch {shares} were right." if known else ""
    return f"The cost went from {history.cost[0]:.3g} at step 1 to {last:.3g}, {mean}.{right}"


def _axes(figure, left, unit):
    width, height = WIDTH // 2 - LEFT - 14, HEIGHT - 100
    ax = add_axes(figure, left, 28, width, height)
    ax.set_xlabel(unit)
    ax.xaxis.set_label_coords(0.5, -25 / height)  # fixed positions of title and names: they never jump, and nothing
    ax.yaxis.set_label_coords((18 - LEFT) / width, 0.5)  # has to be measured at every drawing
    ax.tick_params(length=SHORT_TICKS)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y")
    return ax


def _line(ax, colour, style, **options):
    return ax.plot([], [], color=colour, linestyle=style, **options)[0]


def _vertical(ends):
    """Return x and y of a vertical line at each end, from the bottom of the axes to the top."""
    ends = ends if len(ends) < MOST_ENDS else []
    return np.repeat(ends, 3), np.tile([0, 1, np.nan], len(ends))
