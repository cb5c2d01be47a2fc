"""Draw every state of a notebook's widgets beforehand, so that a static page can show them without Python.

Run         the notebook's cells are run in this process, with `explore` replaced: it draws every state where it stands,
            before a later cell changes a name that the drawing function uses.
States      the product of the values of all controls; a stepper has as many steps as the other controls give. Two
            states with the same picture and sentence are kept once. An invalid state shows its message.
Pictures    as sharp as in the notebook, with 64 colours, as lossless WebP. Their names are hashes of their bytes.
Cache       a notebook is run again only if its code, one of our packages, this file or its part of cuts.py has changed.
"""

import hashlib
import io
import itertools
import json
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

import matplotlib
import nbformat
from cuts import CUTS, DRAWN_IN_PAGE, SYMMETRIC
from PIL import Image

from cnn_viz.base.figures import SHARPNESS, size_of
from cnn_viz.interactive import explore as explore_module
from cnn_viz.interactive.controls import Field, Menu, Steps, controls_and_values, state_of
from cnn_viz.interactive.states import LEAST, draw_state_or_reason, picture_of

ROOT = Path(__file__).resolve().parent.parent
COLOURS = 64
PACKAGES = ("cnn_core", "cnn_viz", "cnn_exercises", "cnn_interop")


def widgets_of(notebook, cache):
    """Return the widgets of a notebook as a list of dictionaries for JSON; their pictures are in the cache.

    Parameters
    ----------
    notebook : Path
    cache : Path
        The folder that holds a file for each notebook, and the pictures of all notebooks.
    """
    file, key = cache / f"{notebook.stem}.json", key_of(notebook)
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if known.get("key") != key:
        known = {"key": key, "widgets": run(notebook, cache)}
        file.write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")
    return known["widgets"]


def key_of(notebook):
    """Return a hash of all that the pictures of a notebook depend on."""
    files = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.*")) if path.suffix != ".pyc"]
    code = [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    choices = [
        f"{name}: {table[name]}" for table in (CUTS, DRAWN_IN_PAGE) for name in table if name.startswith(notebook.stem)
    ]
    texts = [matplotlib.__version__, *code, *choices]
    parts = [*map(str.encode, texts), *(path.read_bytes() for path in [*files, Path(__file__)])]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def run(notebook, cache):
    """Run the cells of a notebook, and return its widgets, each with the number of its cell."""
    matplotlib.use("Agg")
    widgets, names = [], {"__name__": "__main__"}

    def explore(draw, /, **controls):
        widgets.append(drawn(notebook.stem, draw, controls, cache))

    with patch.object(explore_module, "explore", explore), redirect_stdout(io.StringIO()):
        for number, cell in enumerate(nbformat.read(notebook, as_version=4).cells):
            if cell.cell_type == "code":
                run_cell(cell, names)
            for widget in widgets:
                widget.setdefault("cell", number)
    return widgets


def run_cell(cell, names):
    """Run one cell; an error is allowed where the notebook shows it."""
    try:
        exec(compile(cell.source, "<cell>", "exec"), names)
    except Exception:
        if "raises-exception" not in cell.metadata.get("tags", ()):
            raise


# --- one widget -------------------------------------------------------------------------------------------------------


def drawn(notebook, draw, given, cache):
    """Return a widget as a dictionary for JSON, with all its states drawn."""
    name = f"{notebook}/{draw.__name__}"
    if name in DRAWN_IN_PAGE:
        return {"name": name} | DRAWN_IN_PAGE[name]
    cut = CUTS.get(name, {})
    controls, values = controls_and_values(draw, given | cut)
    size = size_of(draw_state_or_reason(draw, state_of(controls, values), LEAST)[0])
    shown, states = draw_states(draw, controls, size, cache, name in SYMMETRIC)
    described = [describe(key, controls, values) for key in controls]
    notes = [f"{key.replace('_', ' ')} {', '.join(map(str, controls[key].values))}" for key in cut]
    return {"name": name, "controls": described, "notes": notes, "shown": shown, "states": states}


def draw_states(draw, controls, size, cache, symmetric):
    """Return what the states show, each picture and sentence once, and for each state its number in that list."""
    shown, states, known = {}, [], {}
    for state in states_of(controls):
        if state is not None:
            key = frozenset(state.values()) if symmetric else len(states)
            if key not in known:
                known[key] = saved(*draw_state_or_reason(draw, state, size), cache)
            state = shown.setdefault(known[key], len(shown))
        states.append(state)
    return list(shown), states


def states_of(controls):
    """Yield the arguments of draw for every combination of values, the last control fastest.

    In place of a step after the last one that the other controls give, yield None.
    """
    steppers = {name: control for name, control in controls.items() if isinstance(control, Steps)}
    for state in combinations(controls):
        others = {name: value for name, value in state.items() if name not in steppers}
        fits = all(state[name] < (stepper.count_for(others) or 1) for name, stepper in steppers.items())
        yield state if fits else None


def combinations(controls):
    """Yield the arguments of draw for every combination of values, with as many steps as a stepper ever has."""
    lists = [values_of(name, controls) for name in controls]
    for values in itertools.product(*lists):
        yield state_of(controls, dict(zip(controls, values, strict=True)))


def values_of(name, controls):
    """Return the values of a control, as a widget shows them."""
    control = controls[name]
    if isinstance(control, Field):
        raise ValueError(f"The text field {name} has no finite number of values: choose some in cuts.py.")
    if isinstance(control, Steps):
        others = {each: controls[each] for each in controls if each != name}
        return range(1, 1 + max(control.count_for(state) or 1 for state in combinations(others)))
    return list(control.values)


def describe(name, controls, values):
    """Return what the page needs to know of a control: its kind, the texts of its values, and which is the first."""
    kind = {Steps: "steps", Menu: "menu"}.get(type(controls[name]), "slider")
    texts = [str(value) for value in values_of(name, controls)]
    return {"name": name.replace("_", " "), "kind": kind, "values": texts, "start": texts.index(str(values[name]))}


def saved(figure, sentence, cache):
    """Write the picture of a figure into the cache, and return its width, height, file name and sentence."""
    width, height = size_of(figure)
    with Image.open(io.BytesIO(picture_of(figure, SHARPNESS))) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).convert("RGB")
    file = io.BytesIO()
    few.save(file, "WEBP", lossless=True, method=2)
    name = f"{hashlib.sha256(file.getvalue()).hexdigest()[:12]}.webp"
    (cache / "pictures" / name).write_bytes(file.getvalue())
    return width, height, name, sentence
