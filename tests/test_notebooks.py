"""Rules for the stored notebooks, which nbval runs and compares: outputs, pictures, links, lengths of cells and lines.

Every rule is a function from a notebook to a list of complaints. No stored notebook may have a complaint, and each rule
is tested on a small notebook that breaks it.
"""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.rglob("*.ipynb"))
NOTEBOOKS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]

LONGEST_CELL = 25
LONGEST_LINE = 79  # of code, in characters: a page cuts off what is longer
SHARE_NOT_COMPARED = 0.06  # of the code cells; one, the training, is always allowed
NOT_COMPARED = {"nbval-ignore-output", "nbval-skip"}
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
HTML_PICTURE = re.compile(r"<img\b[^>]*>")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]*)[^)]*\)")
MISTAKE = re.compile(r"\b\w+(?:Error|Exception)\b.* \(line \d+")
ADDRESS_OR_PATH = re.compile(r" at 0x[0-9a-f]{6,}|[/](?:home|root|tmp|Users)[/]\w+")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def tags(cell):
    return set(cell.metadata.get("tags", []))


def start(cell):
    """Return the start of a cell, by which it can be found."""
    return repr(cell.source.strip()[:40])


def text_of(output):
    """Return the text of an output."""
    data = output.get("data", {})
    texts = [value for kind, value in data.items() if kind.startswith("text/")]
    return "\n".join([output.get("text", ""), *texts])


def counts(notebook):
    found = [cell.execution_count for cell in code_cells(notebook)]
    wanted = list(range(1, len(found) + 1))
    return [] if found == wanted else [f"execution counts are {found}, not 1 to {len(found)}: run make notebooks"]


def stderr(notebook):
    return [f"stderr: {output.text[:80]}" for output in outputs(notebook) if output.get("name") == "stderr"]


def errors(notebook):
    allowed = [cell for cell in code_cells(notebook) if "raises-exception" not in tags(cell)]
    return [f"{start(cell)} raised" for cell in allowed for out in cell.outputs if out.output_type == "error"]


def widget_remains(notebook):
    complaints = ["widget state in the notebook's metadata"] * ("widgets" in notebook.metadata)
    complaints += ["widget metadata in a cell" for cell in notebook.cells if "widgets" in cell.metadata]
    kinds = [kind for output in outputs(notebook) for kind in output.get("data", {})]
    return complaints + [f"an output keeps {kind}" for kind in kinds if kind in (WIDGET_STATE, WIDGET_VIEW)]


def not_compared(notebook):
    cells = code_cells(notebook)
    tagged = [cell for cell in cells if tags(cell) & NOT_COMPARED or re.search(r"#\s*NBVAL_(IGNORE|SKIP)", cell.source)]
    allowed = max(1, int(SHARE_NOT_COMPARED * len(cells)))
    return (
        [] if len(tagged) <= allowed else [f"{len(tagged)} of {len(cells)} cells are not compared; allowed: {allowed}"]
    )


def long_cells(notebook):
    lengths = [(start(cell), len(cell.source.splitlines())) for cell in code_cells(notebook)]
    return [f"{cell} has {length} lines" for cell, length in lengths if length > LONGEST_CELL]


def long_lines(notebook):
    lines = [line for cell in code_cells(notebook) for line in cell.source.splitlines()]
    return [f"{len(line)} characters: {line}" for line in lines if len(line) > LONGEST_LINE]


def semicolons(notebook):
    return [f"{start(cell)} ends in ;" for cell in code_cells(notebook) if cell.source.rstrip().endswith(";")]


def empty_cells(notebook):
    return ["a cell is empty" for cell in notebook.cells if not cell.source.strip()]


def unfinished(notebook):
    words = ("TO" + "DO", "FIX" + "ME")
    return [f"{start(cell)} holds {word}" for cell in notebook.cells for word in words if word in cell.source]


def addresses(notebook):
    found = [ADDRESS_OR_PATH.search(text_of(output)) for output in outputs(notebook)]
    return [f"an output shows {match.group()!r}" for match in found if match]


def mistakes(notebook):
    """Complain about an output that shows a mistake in a function of the notebook, in place of a widget's picture."""
    return [f"an output shows {text_of(out)[:80]!r}" for out in outputs(notebook) if MISTAKE.search(text_of(out))]


def vector_pictures(notebook):
    return ["an output holds SVG; use PNG" for output in outputs(notebook) if "image/svg+xml" in output.get("data", {})]


def empty_alt_texts(notebook):
    """Complain about pictures without an alt text, in the prose and in the outputs."""
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    complaints = [f"{where}: no alt text" for text in prose for alt, where in PICTURE.findall(text) if not alt.strip()]
    html = [image for text in prose for image in HTML_PICTURE.findall(text)]
    complaints += [f"{image}: no alt text" for image in html if not re.search(r"""alt=["'][^"']*\w""", image)]
    given = [
        about.get("alt") for out in outputs(notebook) for about in out.get("metadata", {}).values() if "alt" in about
    ]
    return complaints + ["an output has an empty alt text" for alt in given if not alt.strip()]


def literal_markdown(notebook):
    """Complain about Markdown in a line of HTML, such as a hint: the page shows its marks as they are."""
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    found = [line for text in prose for line in text.splitlines() if line.startswith("<details>") and "`" in line]
    return [f"shown with its backticks: {line[:80]!r}" for line in found]


def missing_pictures(notebook, folder=FOLDER):
    """Complain about pictures in the prose that are not a file of this repository."""
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    names = [where for text in prose for alt, where in PICTURE.findall(text)]
    names += [
        src for text in prose for image in HTML_PICTURE.findall(text) for src in re.findall(r'src="([^"]*)"', image)
    ]
    return [f"no picture {name}" for name in names if not (folder / name).is_file()]


def broken_links(notebook, folder=FOLDER):
    """Complain about links in the prose to files that do not exist."""
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    targets = [where.split("#")[0] for text in prose for where in LINK.findall(text)]
    local = [where for where in targets if where and not re.match(r"[a-z]+:", where)]
    return [f"no file {where}" for where in local if not (folder / where).exists()]


def code(source="x = 1", count=1, tags=(), outputs=(), **metadata):
    return new_code_cell(
        source, execution_count=count, outputs=list(outputs), metadata={"tags": list(tags), **metadata}
    )


def shown(data, **metadata):
    return code(outputs=[new_output("display_data", data=data, metadata=metadata)])


FAILED = new_output("error", ename="ValueError", evalue="", traceback=[])
BROKEN = [
    (counts, [code(count=None)]),
    (counts, [code(count=2)]),
    (counts, [code(count=1), code(count=3)]),
    (stderr, [code(outputs=[new_output("stream", name="stderr", text="a warning")])]),
    (errors, [code(outputs=[FAILED])]),
    (widget_remains, [shown({WIDGET_VIEW: {"model_id": "1"}})]),
    (widget_remains, [shown({WIDGET_STATE: {}})]),
    (widget_remains, [code(widgets={})]),
    (not_compared, [code(), code(tags=["nbval-skip"]), code(tags=["nbval-ignore-output"])]),
    (not_compared, [code("# NBVAL_IGNORE_OUTPUT"), code("#NBVAL_SKIP")]),
    (not_compared, [code() for _ in range(46)] + [code(tags=["nbval-skip"]) for _ in range(4)]),
    (long_cells, [code("x = 1\n" * 26)]),
    (long_lines, [code("x = 1\n" + "#" * 80)]),
    (semicolons, [code("plt.plot();\n")]),
    (empty_cells, [code("\n")]),
    (unfinished, [new_markdown_cell("TO" + "DO: say why")]),
    (addresses, [shown({"text/plain": "<Model at 0x7f3a2b1c>"})]),
    (addresses, [code(outputs=[new_output("stream", text="/".join(["stored in ", "home", "reader"]))])]),
    (mistakes, [shown({"text/plain": "KeyError: 0 (line 2: return {}[n])", "image/png": "iVBO"})]),
    (vector_pictures, [shown({"image/svg+xml": "<svg/>"})]),
    (empty_alt_texts, [new_markdown_cell("![ ](../imgs/a.png)")]),
    (empty_alt_texts, [new_markdown_cell('<img src="../imgs/a.png">')]),
    (empty_alt_texts, [new_markdown_cell('<img src="../imgs/a.png" alt="">')]),
    (empty_alt_texts, [shown({"image/png": "iVBO"}, **{"image/png": {"alt": ""}})]),
    (literal_markdown, [new_markdown_cell("<details><summary>Hint</summary>Call `forward`.</details>")]),
    (broken_links, [new_markdown_cell("see [chapter 77](77_no_such_chapter.ipynb#start)")]),
    (missing_pictures, [new_markdown_cell("![A filter.](../imgs/no_such_picture.png)")]),
    (missing_pictures, [new_markdown_cell('<img alt="A filter." src="no_such_picture.png">')]),
]
RULES = list(dict.fromkeys(rule for rule, cells in BROKEN))
CLEAN = [
    new_markdown_cell("# A title\n![This file.](../tests/test_notebooks.py)"),
    new_markdown_cell("[Another](../README.md), [a part](#a-part) and [a page](https://numpy.org/)."),
    new_markdown_cell("<details><summary>Answer</summary>\n\nCall `forward`.\n</details>"),
    code("train()" + 72 * "#", 1, tags=["nbval-ignore-output"]),
    code("1 / 0", 2, tags=["raises-exception"], outputs=[FAILED]),
    code("print(5)", 3, outputs=[new_output("stream", text="5\n")]),
]


def test_there_are_notebooks():
    assert NOTEBOOKS


def complaints_about(notebook, folder):
    """Return the complaints of all rules about a notebook in a folder."""
    in_folder = {missing_pictures, broken_links}
    found = {rule.__name__: rule(notebook, folder) if rule in in_folder else rule(notebook) for rule in RULES}
    return {name: complaints for name, complaints in found.items() if complaints}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(FOLDER).with_suffix("").as_posix())
def test_a_stored_notebook_is_valid_and_breaks_no_rule(path):
    stored = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(stored)
    assert stored.nbformat == 4
    assert complaints_about(stored, path.parent) == {}


@pytest.mark.parametrize(("rule", "cells"), BROKEN)
def test_a_rule_complains_about_a_notebook_that_breaks_it(rule, cells):
    assert len(rule(new_notebook(cells=cells))) == 1
    assert rule.__name__ in complaints_about(new_notebook(cells=cells), FOLDER)


def test_widget_state_in_the_metadata_is_a_complaint():
    assert widget_remains(new_notebook(metadata={"widgets": {WIDGET_STATE: {}}}))


def test_no_rule_complains_about_a_correct_notebook():
    assert complaints_about(new_notebook(cells=CLEAN), FOLDER) == {}
