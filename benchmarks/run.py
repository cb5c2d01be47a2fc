"""Run all benchmarks, print one table, write it to cnn_core/data and between two marks in README: `make bench`.

Chapter 09 and imgs/make_figures.py read benchmarks.json. The comparisons need PyTorch (pip install -c constraints.txt
torch); without it nothing is measured or written.
"""

import importlib.util
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from cnn_core import Model
from cnn_core.fast.threads import cores as available_cores

from . import lower_bound, scaling
from .ablations import ABLATIONS
from .competitors import BATCH, STEPS
from .networks import NETWORKS
from .paired import compare

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
RESULTS = HERE.parent / "cnn_core" / "data" / "benchmarks.json"
START, END = "<!-- written by make bench, from here", "<!-- to here -->"
FIRST = next(iter(NETWORKS))
OURS = ("cnn_core_trains",)


def comparisons(cores):
    """Return {task: comparison} of training steps and of predict with PyTorch."""
    found = {f"training step, {name}": _compared(OURS, ("pytorch_trains",), name, cores, STEPS) for name in NETWORKS}
    predict = ("cnn_core_predicts",), ("pytorch_predicts",)
    return found | {"predict, 10,000 digits": _compared(*predict, FIRST, cores, 1)}


def _compared(one, other, network, cores, steps):
    """Return the comparison as a dictionary, with the milliseconds of one of the `steps` in a measurement."""
    comparison = compare(one, other, network, cores)
    print(f"{comparison.ratio:6.2f}  {network}, {cores} cores: {one}, {other}", file=sys.stderr, flush=True)
    return {
        "ratio": comparison.ratio,
        "rounds": comparison.ratios,
        "ours_ms": comparison.one * 1e3 / steps,
        "theirs_ms": comparison.other * 1e3 / steps,
    }


def ablations(cores):
    """Return {ablation: comparison}; the ratio is the time without the optimisation divided by the time with it."""
    names = list(NETWORKS)
    return {
        ablation: _compared(("cnn_core_trains_without", ablation), OURS, names[index], cores, STEPS)
        for ablation, (_, index) in ABLATIONS.items()
    }


def lower_bounds(cores):
    """Return the milliseconds of the matrix products alone, in a step of the first network."""
    model = Model(NETWORKS[FIRST]())
    speed, work = lower_bound.operations_a_second(cores), lower_bound.operations(model, BATCH)
    return {
        "shapes_ms": lower_bound.seconds_in_their_shapes(model, BATCH, cores) * 1e3,
        "large_ms": work / speed * 1e3,
        "operations": work,
        "operations_a_second": speed,
    }


def functions():
    """Return {group: {name: median seconds}} of the single functions, measured by pytest-benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "functions.json"
        tests = [str(HERE / "test_functions.py"), f"--benchmark-json={path}", "-q", "--benchmark-disable-gc"]
        subprocess.run([sys.executable, "-m", "pytest", *tests], cwd=HERE.parent, check=True, stdout=subprocess.DEVNULL)
        measured = json.loads(path.read_text())["benchmarks"]
    found = {}
    for each in measured:
        group = each["name"].split("[")[0].removeprefix("test_")
        found.setdefault(group, {})[each["param"] if "name" in each["params"] else _layer(each)] = each["stats"][
            "median"
        ]
    return found


def _layer(measured):
    return measured["name"].split("[")[1].rstrip("]")


def where():
    """Return the machine and the versions on which the numbers depend."""
    import threadpoolctl
    import torch

    blas = [library for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "system": platform.system(),
        "cores": available_cores(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas[0]['internal_api']} {blas[0]['version']} ({blas[0].get('architecture', 'unknown')})",
        "pytorch": torch.__version__,
    }


def _processor():
    import cpuinfo

    return cpuinfo.get_cpu_info().get("brand_raw", "unknown")


def measure():
    """Return the results of all measurements."""
    cores = available_cores()
    return {
        "where": where(),
        "comparisons": {str(count): comparisons(count) for count in sorted({cores, 1}, reverse=True)},
        "plain": _compared(OURS, ("plain_im2col_trains",), FIRST, cores, STEPS),
        "ablations": ablations(cores),
        "lower_bound": lower_bounds(cores),
        "functions": functions(),
        "growth": scaling.times(),
        "memory": scaling.step_memory(),
    }


def table(results):
    """Return the results as the lines of a table in Markdown."""
    lines = ["| what | against | ratio of times | three rounds | cnn_core | the other |", "|---|---|---|---|---|---|"]
    for cores, found in results["comparisons"].items():
        on = "one core" if cores == "1" else f"{cores} cores"
        lines += [_row(f"{task}; {on}", "PyTorch", comparison) for task, comparison in found.items()]
    lines.append(_row(f"training step, {FIRST}; {results['where']['cores']} cores", "plain NumPy", results["plain"]))
    return lines + [_loop_row(results["functions"], name) for name in results["functions"]["loop"]]


def _row(task, other, comparison):
    rounds = ", ".join(f"{ratio:.2f}" for ratio in comparison["rounds"])
    times = (f"{comparison[key]:,.1f} ms" for key in ("ours_ms", "theirs_ms"))
    return f"| {task} | {other} | **{comparison['ratio']:.2f}** | {rounds} | {' | '.join(times)} |"


def _loop_row(functions, name):
    loop, fast = functions["loop"][name], functions["fast"][name]
    return f"| {name}; one core | its loop | **1/{loop / fast:,.0f}** | | {fast * 1e3:.2f} ms | {loop * 1e3:,.0f} ms |"


def sentence(results):
    """Return the machine, the method, the lower bound and the memory in words."""
    at, low = results["where"], results["lower_bound"]
    memory = [peak / 2**20 for _, peak in results["memory"]]
    batches = [batch for batch, _ in results["memory"]]
    return " ".join(
        [
            f"Measured on {at['cores']} cores of {at['processor']} ({at['system']}): Python {at['python']}, NumPy",
            f"{at['numpy']} with {at['blas']}, PyTorch {at['pytorch']}; batches of {BATCH}, Adam, the median of three",
            "rounds in new processes that take turns. The matrix products of the first row's step alone take",
            f"{low['shapes_ms']:.1f} ms in their shapes, {low['large_ms']:.1f} ms at the speed of one large product.",
            f"The most memory that a step holds at once is {min(memory):.0f} to {max(memory):.0f} MB for batches of",
            f"{batches[0]:,} to {batches[-1]:,}.",
        ]
    )


def write(results):
    """Write the file of results and the table in README."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START, 1)
    mark, (_, after) = rest.split("\n", 1)[0], rest.split(END, 1)
    README.write_text(f"{before}{START}{mark}\n{in_readme(results)}\n{END}{after}", encoding="utf-8")


def in_readme(results):
    """Return the text between the two marks in README."""
    return "\n".join(["", *table(results), "", sentence(results), ""])


def main():
    """Measure, print, write."""
    if importlib.util.find_spec("torch") is None:
        sys.exit("The comparisons need PyTorch: .venv/bin/pip install -c constraints.txt torch")
    results = measure()
    print("\n".join([*table(results), "", sentence(results)]))
    write(results)


if __name__ == "__main__":
    main()
