"""The front page: index.md with a card for each chapter.

Cards       the question of a chapter, and one of the pictures that its notebook stores, smaller.
Explorer    the widget of chapter 01 that needs no pictures, without a chapter around it.
"""

import base64
import html
import io
from pathlib import Path

import nbformat
from cuts import DRAWN_IN_PAGE
from PIL import Image

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parent / "notebooks"
WIDTH, HEIGHT = 560, 360  # pixels: the most that a picture of a card has, twice as many as on the page

# Chapter: its question, and words of the alt text of the picture on its card.
CARDS = {
    "00": ("What does a network do with a digit, from the pixels to the answer?", "A 4 becomes 16 maps"),
    "01": ("How does a filter find edges, and what do stride and padding change?", "upper left corner of X. The small"),
    "02": (
        "How does the cost depend on every weight and every pixel, at any stride?",
        "multiplies a pixel: dC/dF[1, 1]",
    ),
    "03": ("Which pixels does a stride leave out, and what is their gradient?", "Each bracket is a window"),
    "04": ("What is lost when only the largest of four numbers stays?", "max, window 2, stride 2, padding 0"),
    "05": ("How do features become scores, and why is one such layer not enough?", "written on its lines"),
    "06": ("How wrong is an answer, and what must change to make it less wrong?", "along two random directions"),
    "07": ("How far should each step go, and which optimiser arrives first?", "The ravine, rate 0.02, momentum 0.9"),
    "08": ("How is a network trained that reads 99 % of handwritten digits, and where does it fail?", "Confused most"),
    "09": ("How close can NumPy come to the speed of the machine?", "with new arrays at every call"),
    "10": ("Why does the network answer as it does, and how can it be fooled?", "A square of 5 by 5"),
    "11": ("How do you find a wrong gradient when the network trains all the same?", "A cross: the check complains"),
    "12": ("What makes a smaller network better than a larger one?", "A filter of 2 by 2 with dilation 2"),
    "13": ("What changes when one machine is not enough?", "A dot is a micro-batch"),
}


def front_page(pictures, widgets):
    """Return the text of the front page, and write the pictures of its cards into a folder."""
    chapters = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    text = (HERE / "index.md").read_text(encoding="utf-8")
    text = text.replace("CARDS", "\n".join(card(path, pictures) for path in chapters))
    return text.replace("EXPLORER", widgets({"name": "explorer"} | DRAWN_IN_PAGE["01_convolution/reach"]))


def card(path, pictures):
    """Return the card of a chapter as HTML."""
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    question, words = CARDS.get(path.stem[:2], ("", ""))
    data, alt = stored_picture(notebook, words)
    image = f'<img src="_static/cards/{save(data, path.stem, pictures)}" alt="{html.escape(alt)}" loading="lazy">'
    link = f'<a href="{path.stem}.html">{html.escape(title)}</a>'
    return f'<li><div class="card-picture">{image}</div>{link}<p>{html.escape(question)}</p></li>'


def stored_picture(notebook, words):
    """Return the first picture of a notebook that has these words in its alt text, as PNG, and the alt text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    for output in outputs:
        alt = output.metadata.get("image/png", {}).get("alt", "")
        if "image/png" in output.data and words in alt:
            return base64.b64decode(output.data["image/png"]), alt
    raise ValueError(f"No picture has the words {words!r} in its alt text: change CARDS in front_page.py.")


def save(data, name, folder):
    """Write a picture in the size of a card, and return the name of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    small.save(folder / f"{name}.webp", "WEBP", quality=85)
    return f"{name}.webp"
