"""The bug museum of chapter 11: real mistakes, each a small subclass of a correct layer or optimiser, or a function.

Parts       A Parts (network.py) says which classes a program uses; its `make(seed)` builds the small network with them.
Exhibits    EXHIBITS (exhibits.py) maps a name to an Exhibit: a title, the public places of the mistake, and its Parts.
Detectors   DETECTORS (detectors.py) maps a name to a function of a Parts, which returns a Finding: caught or missed.
Record      tools/train_museum.py trains every exhibit and applies every detector; chapter 11 draws the stored table.
Chapter     11.
"""

from .detectors import DETECTORS, Finding
from .exhibits import EXHIBITS, GROUPS, Exhibit
from .mystery import Mystery, mystery
from .network import Parts, train

__all__ = ["DETECTORS", "EXHIBITS", "GROUPS", "Exhibit", "Finding", "Mystery", "Parts", "mystery", "train"]
