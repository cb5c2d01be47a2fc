"""The note at the head of each chapter's copy: what differs in the browser.

ALL         stands in all of them, answers too.
DIFFERS     {chapter: its own sentences}.
PARTLY      the chapters that do not run to their end in the browser. All others do.
"""

ALL = """\
> **You are in the browser.** Python runs in this page: nothing is installed, and what you write stays in your
> browser. Python is ready when the circle at the top right, beside its name, is empty; a cell run before that may be
> ignored. The first cell loads the library, which takes up to a minute. Here are 2,000 training digits in place of
> 60,000, and all 10,000 test digits. There is one processor core and there are no threads, so training takes many
> times as long as on your machine. What the text says about trained networks is meant for all digits; the page of the
> chapter on this website has those results."""
DIFFERS = {
    "00_the_whole_network": "The networks are trained on 2,000 digits in place of 4,000.",
    "03_excluded_pixels": "The networks are trained on 2,000 digits in place of 3,000.",
    "04_pooling": "The network of the last part is trained on 2,000 digits in place of 3,000.",
    "06_loss": (
        "The last comparison draws its batches from 2,000 digits in place of 6,000. Three assertions about its costs "
        "hold with more digits only, and are comments here."
    ),
    "07_optimisers": (
        "Networks are trained on 1,800 digits, several times over, in place of 55,000. Two assertions that hold "
        "with more digits only are comments here. The optimisers are compared by their stored record, as elsewhere."
    ),
    "08_model": (
        "The network is trained on 1,800 digits, and 200 are held out: about 90 % of the test digits will be right "
        "in place of 99 %. Four assertions that hold with more digits only are comments here. The stored network "
        "was trained on 55,000 digits, and its results are the same as elsewhere."
    ),
    "09_how_fast_can_numpy_go": (
        "There are no threads, so what is measured with two workers is one worker twice. Products of matrices are "
        "slower here than the text says, and other operations gain less or more: compare with the ratios on the "
        "page."
    ),
    "11_bug_museum": (
        "The exhibits are trained on 1,000 digits in place of 3,000, and 1,000 others are held out. Two assertions "
        "about their accuracy are comments here."
    ),
    "12_deeper_and_better": (
        "Both networks are trained on 1,600 digits in place of 6,000, too few for the comparison to come out as it "
        "does there. The stored network is the one of the record. Some cells take minutes."
    ),
    "13_many_machines": (
        "Dask, ONNX and safetensors cannot be had here, nor can a second process be started. The chapter runs until "
        "it starts a cluster, and most cells after that fail. Read them on its page, or install the series."
    ),
}
PARTLY = ("13_many_machines",)


def note(name):
    """Return the note of a notebook, named as in `08_model` or `answers/08_model`."""
    return ALL + (f"\n>\n> {DIFFERS[name]}" if name in DIFFERS else "")
