"""What the copies of the chapters compute differently in the laboratory, because it has 2,000 training digits.

A text that its chapter no longer has is an error of the build (copies.py).

SMALLER     {chapter: {text of a cell: text of its copy}}: fewer digits.
LEFT_OUT    {chapter: [line]}: an assertion that holds for networks trained on all digits. The copy has it as a comment.
"""

SMALLER = {
    "06_loss": {"draw.integers(0, 6000, 32)": "draw.integers(0, 2000, 32)"},
    "07_optimisers": {
        "permutation(55_000)": "permutation(1_800)",
        "chosen = order[: steps * 32]  # the last 5,000 digits are held out": (
            "chosen = np.resize(order, steps * 32)  # the last 200 digits are held out"
        ),
        "draw.permutation(60_000)[:2048]": "draw.permutation(2_000)",
        "digits.X_train[55_000:], digits.y_train[55_000:]": "digits.X_train[1_800:], digits.y_train[1_800:]",
    },
    "08_model": {
        "digits.X_train[:55_000], digits.y_train[:55_000]": "digits.X_train[:1_800], digits.y_train[:1_800]",
        "digits.X_train[55_000:], digits.y_train[55_000:]": "digits.X_train[1_800:], digits.y_train[1_800:]",
    },
    "11_bug_museum": {
        'print("All three classify more than 85 of 100 held-out digits correctly.")': (
            'print("Held-out digits right:", sorted(round(each["accuracy"], 2) for each in found.values()))'
        )
    },
    "12_deeper_and_better": {
        "digits.X_train[:6000], digits.y_train[:6000]": "digits.X_train[:1600], digits.y_train[:1600]",
        "digits.X_train[-10_000:], digits.y_train[-10_000:]": "digits.X_train[1600:], digits.y_train[1600:]",
        "steps = 3 * 47": "steps = 3 * 13",
    },
}
LEFT_OUT = {
    "06_loss": [
        "assert (twice_runs[:, 0] > 1.5).all() and (once_runs[:, 0] < 0.3).all()",
        "assert (twice_runs[:, 1] > 0.9).all()",
        "assert (once_runs[:, 1] > twice_runs[:, 1] + 0.005).all()",
    ],
    "07_optimisers": [
        "assert abs(again - first_seed) < 1.5  # other machines round differently",
        "    assert good < large / 1.5 and large < small",
    ],
    "08_model": [
        "assert np.allclose(mine, theirs, rtol=0.05)",
        'assert abs(repeated - sweep["one cycle, 0.003"][0]) < 0.005',
        "assert evaluate(model, *held_out, loss)[1] > 0.985",
        "assert yours > 0.985",
    ],
    "11_bug_museum": [
        'assert all(each["accuracy"] > 0.85 for each in found.values())',
        'assert abs(found[name]["accuracy"] - of_correct[0]["accuracy"]) < 0.05',
    ],
}


def changed(source, chapter, used):
    """Return the source of a cell as the laboratory has it, and add the texts that were changed to a set."""
    for text, instead in SMALLER.get(chapter, {}).items():
        if text in source:
            source, _ = source.replace(text, instead), used.add(text)
    for line in LEFT_OUT.get(chapter, []):
        if line in source.split("\n"):
            indent = " " * (len(line) - len(line.lstrip()))
            comment = f"{indent}# of networks trained on all digits:\n{indent}# {line.lstrip()}"
            source, _ = source.replace(line, comment), used.add(line)
    return source


def unused(chapter, used):
    """Return the texts of a chapter that none of its cells has."""
    return {*SMALLER.get(chapter, {}), *LEFT_OUT.get(chapter, [])} - used
