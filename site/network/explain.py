"""explained.html: every line of network.js beside the lines of cnn_core that do the same.

Sources     network.js, and the Python by inspect, without docstrings and decorators: the page shows what is run.
Rows        parts.py. Every function of network.js belongs to a part and every line of a part's functions to a row;
            otherwise the page is not made, so that it cannot become out of date.
"""

import ast
import inspect
import re
import textwrap
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import JavascriptLexer, PythonLexer

LEXERS = {"js": JavascriptLexer(stripnl=False), "python": PythonLexer(stripnl=False)}
FORMATTER = HtmlFormatter(nowrap=True)
HEAD = '<div class="line head" aria-hidden="true"><span>network.js</span><span>cnn_core</span></div>'


def explained_parts(script, parts):
    """Return the HTML of all parts for the text of network.js."""
    blocks = javascript_blocks(script)
    named = [name for part in parts for name in part.javascript]
    if sorted(named) != sorted(blocks):
        raise ValueError(f"network.js has {sorted(blocks)}, and the parts explain {sorted(named)}.")
    return "\n".join(part_html(part, blocks) for part in parts)


def javascript_blocks(script):
    """Return {name: lines} of every function or constant at the top level, with the comment above it."""
    blocks = {}
    for block in re.split(r"\n\n+", script):
        lines = [line for line in block.splitlines() if not line.startswith("// ---")]
        if found := re.search(r"^(?:function|const) (\w+)", "\n".join(lines), re.MULTILINE):
            blocks[found[1]] = lines
    return blocks


def python_lines(function):
    """Return the source of a function, without its docstring and its decorators."""
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    (node,) = ast.parse("\n".join(lines)).body
    docstring = range(0)
    if ast.get_docstring(node) is not None:
        docstring = range(node.body[0].lineno, node.body[0].end_lineno + 1)
    return [lines[number - 1] for number in range(node.lineno, len(lines) + 1) if number not in docstring]


def part_html(part, blocks):
    """Return one part: a heading, an introduction, and its rows."""
    js = split_at([row[0] for row in part.rows], joined(blocks[name] for name in part.javascript))
    python = split_at([row[1] for row in part.rows], joined(map(python_lines, part.python)))
    rows = [row_html(*cells) for cells in zip(js, python, (row[2] for row in part.rows), strict=True)]
    lines = "\n".join([HEAD, *rows])
    words = words_html(part.introduction)
    return f'<section>\n<h2>{part.title}</h2>\n<p>{words}</p>\n<div class="lines">{lines}\n</div>\n</section>'


def joined(blocks):
    """Return the lines of blocks, with an empty line between two."""
    return [line for block in blocks for line in ["", *block]][1:]


def split_at(anchors, lines):
    """Return the lines of each row: from the line that starts with its anchor to that of the next."""
    starts, after = [], 0
    for anchor in filter(None, anchors):
        found = [number for number, line in enumerate(lines) if number >= after and line.startswith(anchor)]
        if not found or (not starts and found[0] != 0):
            raise ValueError(f"The explanation is out of date: no line starts with {anchor!r} after line {after}.")
        starts.append(found[0])
        after = found[0] + 1
    bounds = iter(zip(starts, [*starts[1:], len(lines)], strict=True))
    return [lines[slice(*next(bounds))] if anchor else [] for anchor in anchors]


def row_html(js, python, words):
    """Return one row: the words, JavaScript and Python."""
    return f'<div class="line"><p>{words_html(words)}</p>{code_html(js, "js")}{code_html(python, "python")}</div>'


def words_html(words):
    """Return words with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(words.split()), quote=False))


def code_html(lines, language):
    """Return a cell of highlighted code, each line in an element that knows how far it is indented."""
    text = "\n".join(lines).rstrip()
    if not text:
        return '<div class="code empty"></div>'
    coloured = highlight(text, LEXERS[language], FORMATTER).rstrip("\n").split("\n")
    indents = [len(line) - len(line.lstrip()) for line in text.split("\n")]
    cells = (f'<span style="--in:{n}ch">{line}\n</span>' for n, line in zip(indents, coloured, strict=True))
    return f'<div class="code"><pre>{"".join(cells)}</pre></div>'
