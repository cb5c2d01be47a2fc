"""The recipes of the Makefile. Not a test module: tests import it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def recipe(target):
    """Return the prerequisites and the commands of a target of the Makefile, with `python` for the environment's."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    prerequisites, commands = re.search(rf"^{target}:(.*)\n((?:\t.*\n)+)", text, re.MULTILINE).groups()
    commands = [line.strip().removeprefix("@").replace("$(RUN)", "python") for line in commands.splitlines()]
    return prerequisites.split(), commands
