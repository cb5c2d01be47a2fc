"""Run all benchmarks, write the results to cnn_core/data and a table between two marks in README: `make bench`.

Usage       `python -m benchmarks.run` measures, which needs PyTorch; with --table it writes README's table again from
            the stored results, with --functions it measures the single functions alone, in a minute. The table says
            when cnn_core has changed since they were measured.
Results     benchmarks.json, which chapter 09 and imgs/make_figures.py read: comparisons with both of PyTorch's memory
            formats, ablations, the bare matrix products, single functions, growth and memory.
"""

import datetime
import hashlib
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
from .competitors import BATCH, FORMATS, STEPS
from .networks import NETWORKS
from .paired import compare

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
LIBRARY = HERE.parent / "cnn_core"
RESULTS = LIBRARY / "data" / "benchmarks.json"
START, END = "<!-- written by make bench, from here", "<!-- to here -->"
FIRST = next(iter(NETWORKS))
OURS = ("cnn_core_trains",)


def comparisons(cores):
    """Return {task: {memory format: comparison}} of training steps and of predict with PyTorch."""
    found = {
        f"training step, {name}": _in_both_formats(*OURS, "pytorch_trains", name, cores, STEPS) for name in NETWORKS
    }
    predict = _in_both_formats("cnn_core_predicts", "pytorch_predicts", FIRST, cores, 1)
    return found | {"predict, 10,000 digits": predict}


def _in_both_formats(ours, theirs, network, cores, steps):
    return {name: _compared((ours,), (theirs, name), network, cores, steps) for name in FORMATS}


def faster(found):
    """Return the comparison with the memory format in which PyTorch is faster."""
    return min(found.values(), key=lambda comparison: comparison["theirs_ms"])


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
        "date": datetime.date.today().isoformat(),
        "code": fingerprint(),
        "machine": platform.machine(),
        "processor": _processor(),
        "system": platform.system(),
        "cores": available_cores(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas[0]['internal_api']} {blas[0]['version']} ({blas[0].get('architecture', 'unknown')})",
        "pytorch": f"{torch.__version__} ({torch.backends.cpu.get_cpu_capability()})",
    }


def fingerprint():
    """Return the SHA-256 sum of cnn_core's code."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(LIBRARY.rglob("*.py")))
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def _processor():
    import cpuinfo

    return cpuinfo.get_cpu_info().get("brand_raw", "unknown")


def measure():
    """Return the results of all measurements; what takes long comes last."""
    cores = available_cores()
    return {
        "where": where(),
        "lower_bound": lower_bounds(cores),
        "functions": functions(),
        "growth": scaling.times(),
        "memory": scaling.step_memory(),
        "comparisons": {str(count): comparisons(count) for count in sorted({cores, 1}, reverse=True)},
        "plain": _compared(OURS, ("plain_im2col_trains",), FIRST, cores, STEPS),
        "ablations": ablations(cores),
    }


def table(results):
    """Return the comparisons with the faster memory format as the lines of a table in Markdown: one row a task."""
    comparisons = dict(sorted(results["comparisons"].items()))
    on = ["one core" if cores == "1" else f"{cores} cores" for cores in comparisons]
    header = ["what", *(f"{where}: {column}" for where in on for column in ("cnn_core", "PyTorch", "ratio"))]
    rows = [[task, *_cells(comparisons, task)] for task in comparisons["1"]]
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def _cells(comparisons, task):
    """Return the times and the ratio of a task, for each number of cores."""
    found = [faster(of_cores[task]) for of_cores in comparisons.values()]
    cells = [
        (f"{each['ours_ms']:,.1f} ms", f"{each['theirs_ms']:,.1f} ms", f"**{each['ratio']:.2f}**") for each in found
    ]
    return [cell for own in cells for cell in own]


def sentence(results):
    """Return the machine, the method and the memory in words, and whether the code has changed since."""
    at, memory = results["where"], [peak / 2**20 for _, peak in results["memory"]]
    batches = [batch for batch, _ in results["memory"]]
    return " ".join(
        [
            f"Measured on {at['date']} on {at['cores']} cores of {at['processor']} ({at['system']}): Python",
            f"{at['python']}, NumPy {at['numpy']} with {at['blas']}, PyTorch {at['pytorch']}; Adam,",
            f"batches of {BATCH}, medians of three rounds in new processes in turn. PyTorch is in the faster of",
            "its two memory formats in each row. The most memory that a step of ours holds at once is",
            f"{min(memory):.0f} to {max(memory):.0f} MB for batches of {batches[0]:,} to {batches[-1]:,}.",
            *(["`cnn_core` has changed since then."] if at["code"] != fingerprint() else []),
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


def main(words):
    """Measure what the words ask for; print, write."""
    if words != ["--table"] and importlib.util.find_spec("torch") is None:
        sys.exit("The comparisons need PyTorch: .venv/bin/pip install -c constraints.txt torch")
    results = json.loads(RESULTS.read_text()) if words else measure()
    if words == ["--functions"]:
        results["functions"] = functions()
    print(in_readme(results))
    write(results)


if __name__ == "__main__":
    main(sys.argv[1:])
