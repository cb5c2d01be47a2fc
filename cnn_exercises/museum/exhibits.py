"""The exhibits of the museum: which mistake, where it was made in public, and the parts of the program that has it.

Places      Pairs (name, address). An empty tuple: none known. The links lead to reports; nothing is quoted from them.
History     Names of commits belong to this project.
Chapter     11.
"""

from dataclasses import dataclass

from . import layers, program
from .network import Parts

GITHUB = "https://github.com/"
QUIRK = ("JamesQuirk/CNN-From-Scratch", GITHUB + "JamesQuirk/CNN-From-Scratch")
GROUPS = ("pooling", "convolution", "network", "optimiser", "data and loss")


@dataclass(frozen=True)
class Exhibit:
    """A mistake.

    Attributes
    ----------
    name, title : str
    group : str
        One of GROUPS.
    places : tuple of (name, address)
        Where it was made in public.
    parts : Parts
        The program that has it.
    expected : (float, float) or str
        Between which accuracies the training ends, with any of the recorded seeds; or the exception that stops it.
    """

    name: str
    title: str
    group: str
    places: tuple
    parts: Parts
    expected: tuple | str = (0.88, 0.97)  # where it is not given: about as good as the correct program

    def make(self, seed):
        """Return the untrained network, a new optimiser and the loss."""
        return self.parts.make(seed)


def _at(*threads):
    """Return pairs (name, address) of issues and pull requests, given as 'owner/name#7' or 'owner/name!7'."""
    kinds = {"#": "/issues/", "!": "/pull/"}
    marks = [next(mark for mark in kinds if mark in thread) for thread in threads]
    split = [(thread.split(mark), kinds[mark]) for thread, mark in zip(threads, marks, strict=True)]
    return tuple((f"{name}#{number}", f"{GITHUB}{name}{kind}{number}") for (name, number), kind in split)


_COPIES = "enggen/Deep-Learning-Coursera#7", "Kulbear/deep-learning-coursera!34"
_COPIES += "JudasDie/deeplearning.ai#12", "fissehab/Deep_learning_specialization!1"

_ALL = (
    Exhibit(
        "stride lost",
        "The stride is forgotten on the way back",
        "pooling",
        _at(*_COPIES),
        Parts(pool=layers.StrideLost),
        (0.5, 0.9),
    ),
    Exhibit(
        "overwritten",
        "= where += belongs",
        "pooling",
        _at("0809zheng/CS231n-assignment2019#19"),
        Parts(pool=layers.Overwritten),
    ),
    Exhibit(
        "not divided",
        "The mean's gradient is not divided",
        "pooling",
        (*_at("mlpack/mlpack!2865"), QUIRK),
        Parts(pool=layers.NotDivided),
    ),
    Exhibit(
        "every tie",
        "Every tied maximum gets it all",
        "pooling",
        _at("mni-ml/framework!22"),
        Parts(pool=layers.EveryTie),
    ),
    Exhibit("empty crop", "[p:-p] where p is 0", "convolution", (), Parts(conv=layers.EmptyCrop), "ValueError"),
    Exhibit("not rotated", "The filters are not rotated", "convolution", (), Parts(conv=layers.NotRotated)),
    Exhibit(
        "not dilated", "The gradient is not dilated", "convolution", (), Parts(conv=layers.NotDilated), (0.75, 0.92)
    ),
    Exhibit("wrong corner", "Excluded pixels in the wrong corner", "convolution", (), Parts(conv=layers.WrongCorner)),
    Exhibit(
        "first window",
        "The first window only",
        "convolution",
        _at("riccardoandreoni0/CNN-from-scratch#1"),
        Parts(conv=layers.FirstWindow),
        (0.45, 0.85),
    ),
    Exhibit(
        "divided again", "Divided once more", "convolution", _at("sebgao/cTensor#3"), Parts(conv=layers.DividedAgain)
    ),
    Exhibit(
        "cut off",
        "The convolutions are cut off",
        "network",
        _at("modern-fortran/neural-fortran!142"),
        Parts(flatten=layers.CutOff),
        (0.65, 0.88),
    ),
    Exhibit("kernel width", "fan-in is the kernel's width", "network", (QUIRK,), Parts(conv=layers.KernelWidth)),
    Exhibit("all alike", "Every filter starts the same", "network", (QUIRK,), Parts(conv=layers.AllAlike), (0.4, 0.85)),
    Exhibit("infinity × 0", "A product in place of a choice", "network", (), Parts(relu=layers.Product)),
    Exhibit(
        "moments lost",
        "Adam's moments are lost",
        "optimiser",
        (QUIRK,),
        Parts(optimiser=program.moments_lost),
        (0.7, 0.94),
    ),
    Exhibit(
        "no first step",
        "RMSProp cannot begin",
        "optimiser",
        (QUIRK,),
        Parts(optimiser=program.no_first_step),
        "KeyError",
    ),
    Exhibit("second hand", "The moments of another network", "optimiser", (), Parts(optimiser=program.second_hand)),
    Exhibit(
        "no maximum",
        "Softmax without its maximum",
        "data and loss",
        _at("zackchase/mxnet-the-straight-dope#3"),
        Parts(loss=program.NoMaximum),
    ),
    Exhibit(
        "out of step",
        "Images shuffled, labels not",
        "data and loss",
        _at("xudonmao/VMT#1"),
        Parts(shuffle=program.out_of_step),
        (0.0, 0.3),
    ),
)
EXHIBITS = {each.name: each for each in _ALL}
