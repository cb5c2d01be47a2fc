"""The colours, and the one meaning that each of them has in every chapter and every picture.

HUE         the arrays: X input (sky blue), F filters (yellow), O output (vermilion), B biases (purple). A gradient has
            the hue of its array, and a dashed outline. Black text on each of them has a contrast of at least 5.4:1.
PADDING     zeros added around X.  INK: text and lines.
RUN         curves of a training run: training solid black, validation dashed blue. They never borrow an array's hue.
METHOD      the optimisers: one hue a family, one kind of line a member; the name stands at the line's end.
DASHES      lines of one hue that have to be told apart: four at most.
Values      IMAGES for images, MAGNITUDES for what is never below zero, SIGNED (limits ±max|v|) for what may be.
Rule        hue is never the only sign: every figure can be read in grey.
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
