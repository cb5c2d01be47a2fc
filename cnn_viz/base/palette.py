"""The colours, each with one meaning in every chapter and every picture.

HUE         the arrays: X input (blue), F filters (yellow), O output (vermilion), B biases (purple). A gradient has the
            hue of its array, and a dashed outline. Each hue has a TINT for the cells of an array and an EDGE for its
            outline and for frames; HUE itself fills what a picture is about: the window, the cell that is computed.
            Ink on each of the three fills has a contrast of at least 7:1.
PADDING     zeros added around X.  INK: text and lines.
RUN         curves of a training run: training solid black, validation dashed blue. No curve has the hue of an array.
METHOD      the optimisers: one hue for each family, one line style for each member; the name stands at the line's end.
DASHES      line styles for lines of one hue: at most four can be told apart.
Values      IMAGES for images, MAGNITUDES for values that are never negative, SIGNED (limits ±max|v|) for the others.
Grey        hue is never the only difference: every figure can be read in grey.
Source      the hues follow those of Masataka Okabe and Kei Ito, Color Universal Design,
            https://jfly.uni-koeln.de/color/, some of them lighter.
"""

TINT = {"X": "#D6ECFA", "F": "#FBF6C3", "O": "#F8D9C4", "B": "#F3DFEA"}
HUE = {"X": "#9CD2F3", "F": "#F5EA7A", "O": "#F0A878", "B": "#DDA6C3"}
EDGE = {"X": "#1F78B4", "F": "#A89A00", "O": "#B34A00", "B": "#A2467A"}
PADDING, INK = "#EFEFEF", "#1A1A1A"
RUN = {"train": (INK, "-"), "validation": ("#0072B2", "--")}
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
