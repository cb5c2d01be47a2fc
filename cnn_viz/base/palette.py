"""The colours, each with one meaning in every chapter and every picture.

HUE         the arrays: X input (sky blue), F filters (yellow), O output (vermilion), B biases (purple). A gradient has
            the hue of its array, and a dashed outline. Black text on each of them has a contrast of at least 5.4:1.
PADDING     zeros added around X.  INK: text and lines.
RUN         curves of a training run: training solid black, validation dashed blue. No curve has the hue of an array.
METHOD      the optimisers: one hue for each family, one line style for each member; the name stands at the line's end.
DASHES      line styles for lines of one hue: at most four can be told apart.
Values      IMAGES for images, MAGNITUDES for values that are never negative, SIGNED (limits ±max|v|) for the others.
Grey        hue is never the only difference: every figure can be read in grey.
Source      the hues are those of Masataka Okabe and Kei Ito, Color Universal Design, https://jfly.uni-koeln.de/color/.
"""

HUE = {"X": "#56B4E9", "F": "#F0E442", "O": "#D55E00", "B": "#CC79A7"}
PADDING, INK = "#E5E5E5", "#000000"
RUN = {"train": ("#000000", "-"), "validation": ("#0072B2", "--")}
METHOD = {
    "GradientDescent": ("#009E73", "-"),
    "Momentum": ("#009E73", "--"),
    "Nesterov": ("#009E73", ":"),
    "RMSProp": ("#E69F00", "-"),
    "Adam": ("#E69F00", "--"),
    "AdamW": ("#E69F00", ":"),
}
DASHES = ("-", "--", ":", "-.")
IMAGES, MAGNITUDES, SIGNED = "gray", "cividis", "PuOr"
