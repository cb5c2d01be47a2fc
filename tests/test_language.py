"""The field's terms: no name, comment, docstring, message or document uses the words that an earlier version made up.

Words       names are split at underscores and capitals: `film_strip`, `FilmStrip` and "film-strip" count as the same.
Scope       Python files, their paths, and the documents. Notebooks are not checked.
"""

import io
import itertools
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = "benchmarks cnn_core cnn_exercises cnn_interop cnn_viz docs imgs site tests tools".split()
DOCUMENTS = """
README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md CITATION.cff Makefile pyproject.toml environment.yml conftest.py
.ci/run docs/style.css cnn_core/data/mnist/README.md notebooks/glossary.md notebooks/index.md
site/index.md
""".split()
DOCUMENTS += [
    path.relative_to(ROOT).as_posix()
    for folder in ("static", "network")
    for path in sorted((ROOT / "site" / folder).iterdir())
    if path.suffix in (".js", ".css", ".html")
]
DOCUMENTS += [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob(".github/workflows/*.yml"))]

# Words to avoid, anywhere and in any case: the field's terms.
TERMS = {
    "room, rooms, house, houses": "module, package, project, conventions, space",
    "guest, guests": "arguments",
    "door, doors, lines inside trust": "validation; internal helpers assume valid arguments",
    "speaks, spoken": "output, message, check",
    "crew, crews": "thread pool",
    "desk, desks": "worker replica, workspace",
    "bell, bells": "completion queue",
    "taker, takers": "claim",
    "sent home, nobody is at work, nobody at work, left at work": "shut down, no task is running",
    "laid down, as it lies": "stored in a row buffer, contiguous",
    "shard, shards": "micro-batch",
    "admit, admits, admitted": "validate",
    "adopt, adopts, adopted": "synchronise",
    "settle, settles": "set",
    "pay, pays, paid, unpaid, payment, payments, winner, winners": "route the gradient to the argmax",
    "twin, twins": "reference and optimised implementation",
    "reader s own": "user-defined",
    "judge, judges": "numerical reference",
    "contender, contenders": "competitor",
    "race, races": "comparison",
    "duel, duels": "paired comparison",
    "trick taken away, tricks taken away": "ablation",
    "evil": "malicious",
    "slip of the pen": "typo",
    "by heart": "overfit a small batch",
    "whoever": "a noun for the subject",
    "film strip, film strips, filmstrip, filmstrips": "frame grid",
    "misfit, misfits": "invalid state",
    "sheet, sheets": "canvas",
    "mosaic, mosaics": "tile grid",
    "beads": "vector cells",
    "verdict, verdicts": "feedback",
}
# Words to avoid in documents only: they are ordinary in code.
TERMS_IN_DOCUMENTS = {"hole, holes": "vulnerability"}
# Whole names to avoid: as parts of names, or in prose, they are ordinary.
NAMES = {
    "walk": "infer_shapes",
    "walked": "shapes",
    "numbers_made": "element_count",
    "keeps_order": "is_monotonic",
    "picks_pixels": "is_selection",
    "learnt_another": "is_bound_to_another",
    "hits": "number correct",
    "Work": "Buffers",
    "Kept": "CachedBuffers",
    "Fault": "AnswerError",
}
STANDARD = {("ast", "walk"), ("os", "walk")}
LABELS = {"Story": "Chapter", "Speaks": "Output", "Guests": "Arguments", "Twins": "Reference", "Whose room": "nothing"}

# (file, word): the reason why the word stands there.
EXCEPTIONS = {
    ("tests/test_language.py", None): "this file lists the words",
    ("site/cuts.py", "race"): "a function of chapter 07",
    ("benchmarks/ablations.py", "winners"): "the text of a stored row, which chapter 09 draws",
}

WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
LABEL = re.compile(rf"^\s*(?:\"\"\")?({'|'.join(LABELS)})(?:  |$)")


def phrases(terms):
    """Return {a phrase as a tuple of words: its replacement}."""
    return {tuple(phrase.split()): instead for keys, instead in terms.items() for phrase in keys.split(", ")}


def words_of(text):
    """Return the lower-case words of a text with their lines."""
    lines = enumerate(text.splitlines(), start=1)
    return [(word.lower(), number) for number, line in lines for word in WORD.findall(line)]


def avoided_terms(text, terms):
    """Return (line, phrase, replacement) for every phrase to avoid, over the ends of lines too."""
    placed, wanted = words_of(text), phrases(terms)
    words, found = [word for word, _ in placed], []
    for length in {len(phrase) for phrase in wanted}:
        neighbours = zip(*(words[start:] for start in range(length)), strict=False)  # each word with those that follow
        for phrase, (_, line) in zip(neighbours, placed, strict=False):
            if phrase in wanted:
                found.append((line, " ".join(phrase), wanted[phrase]))
    return found


def avoided_names(source):
    """Return (line, name, replacement) for every name to avoid; ast.walk and os.walk are other functions."""
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.string.strip()]
    found = []
    for before, dot, token in zip([None, None, *tokens], [None, *tokens], tokens, strict=False):
        standard = dot and dot.string == "." and (before.string, token.string) in STANDARD
        if token.type == tokenize.NAME and token.string in NAMES and not standard:
            found.append((token.start[0], token.string, NAMES[token.string]))
    return found


def avoided_labels(source):
    """Return (line, label, replacement) for every former label of a module's docstring."""
    matches = ((number, LABEL.match(line)) for number, line in enumerate(source.splitlines(), start=1))
    return [(number, match[1], LABELS[match[1]]) for number, match in matches if match]


def complaints(name, text):
    """Return one sentence for each word that a file should not use."""
    found = [(0, word, instead) for _, word, instead in avoided_terms(name, TERMS)]
    if name.endswith((".py", ".pyi")):
        found += avoided_terms(text, TERMS) + avoided_names(text) + avoided_labels(text)
    else:
        found += avoided_terms(text, TERMS | TERMS_IN_DOCUMENTS)
    allowed = {word for path, word in EXCEPTIONS if path == name}
    kept = [each for each in sorted(found) if not allowed & {each[1].lower(), None}]
    return [f"{name}:{line}: {word!r}; write: {instead}" for line, word, instead in kept]


def python_files(folder):
    return [path for path in sorted((ROOT / folder).rglob("*.py*")) if path.suffix in (".py", ".pyi")]


def read(path):
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_code_uses_the_terms_of_the_field(folder):
    files = python_files(folder)
    assert files
    found = list(itertools.chain(*(complaints(path.relative_to(ROOT).as_posix(), read(path)) for path in files)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_use_the_terms_of_the_field(name):
    found = complaints(name, read(ROOT / name))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("name", "word"), EXCEPTIONS)
def test_every_exception_is_needed(name, word):
    text = read(ROOT / name)
    found = avoided_terms(text, TERMS | TERMS_IN_DOCUMENTS) + avoided_names(text) + avoided_labels(text)
    assert [each for each in found if word in (None, each[1].lower())]


@pytest.mark.parametrize("phrase", sorted(phrases(TERMS)), ids=" ".join)
def test_a_word_to_avoid_is_found_in_comments_names_strings_documents_and_paths(phrase):
    words, snake, camel = " ".join(phrase), "_".join(phrase), "".join(word.capitalize() for word in phrase)
    over_lines = '"""One.\n\n' + "\n".join(phrase) + '\n"""'
    for text in (
        f"# The {words}.",
        f"the_{snake}_of = 1",
        f"class {camel}2: x",
        f"{snake.upper()}",
        f"'{words}'",
        over_lines,
    ):
        assert words in [word for _, word, _ in avoided_terms(text, TERMS)], text
    assert complaints("README.md", f"It is {words}, then.")
    assert complaints(f"cnn_viz/{snake}.py", "")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_to_avoid_is_found_as_a_whole_name(name):
    assert complaints("cnn_core/model.py", f"x = {name}(3)")
    assert complaints("cnn_core/model.py", f"x = self.{name}")
    assert complaints("cnn_core/model.py", f"# about {name.lower().replace('_', ' ')}\nx_{name}_y = 1") == []


@pytest.mark.parametrize("label", LABELS)
def test_a_former_label_of_a_docstring_is_found(label):
    assert avoided_labels(f'"""Module.\n\n{label:11} chapter 01.\n"""')


@pytest.mark.parametrize("term", sorted(phrases(TERMS_IN_DOCUMENTS)), ids=" ".join)
def test_a_word_to_avoid_in_documents_is_found_there_alone(term):
    assert complaints("SECURITY.md", f"Report {' '.join(term)}.")
    assert complaints("cnn_core/model.py", f"# {' '.join(term)}") == []


@pytest.mark.parametrize(
    "text",
    [
        "x = np.floor(level) + math.floor(place)  # look at the sign of this stage",
        "for node in ast.walk(tree): os.walk(folder)",
        "trace, payload, stylesheet, desktop, twinkle, roommate, indoor, brace, devilish, adoption = 1",
        "# The story of the network is in chapter 09; the hits of a search.",
        '"""Module.\n\nChapter     01.\nStory of a digit.\n"""',
        "kept = work = 1  # kept work",
    ],
)
def test_ordinary_words_pass(text):
    assert complaints("cnn_core/model.py", text) == []
