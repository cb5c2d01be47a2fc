"""Paired comparison of two competitors, each in a process of its own, which are measured in turn.

A round starts both processes, warms them up and measures them alternately; its ratio is the median over the pairs. A
machine that is slow for a while slows both. The rounds together show the uncertainty of the ratio. In one process, the
threads that one competitor leaves spinning would slow the other.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import competitors

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, PAIRS, WARM_UP, PAUSE = 3, 11, 2, 0.005  # PAUSE: seconds until spinning threads have stopped


class Competitor:
    """A process that does the work of one measurement on request."""

    def __init__(self, name, network, cores, *more):
        command = [sys.executable, "-m", "benchmarks.paired", name, network, str(cores), *more]
        environment = competitors.environment(cores)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)

    def measure(self):
        """Return the seconds of one measurement."""
        self.process.stdin.write("measure\n")
        self.process.stdin.flush()
        seconds = self.process.stdout.readline()
        time.sleep(PAUSE)
        return json.loads(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()


@dataclass(frozen=True)
class Comparison:
    """The ratio of two competitors' times in every round, and the times."""

    ratios: list  # of each round: the median over its pairs of one's seconds divided by the other's
    one: float  # the median of all measurements, in seconds
    other: float

    @property
    def ratio(self):
        """The median of the rounds' ratios."""
        return statistics.median(self.ratios)


def compare(one, other, network, cores, rounds=ROUNDS, pairs=PAIRS):
    """Return the Comparison of two competitors on one network; each is a tuple of its name and further arguments."""
    seconds, ratios = ([], []), []
    for _ in range(rounds):
        found = _round(one, other, network, cores, pairs)
        ratios.append(statistics.median(a / b for a, b in found))
        for collected, new in zip(seconds, zip(*found, strict=True), strict=True):
            collected.extend(new)
    return Comparison(ratios, *map(statistics.median, seconds))


def _round(one, other, network, cores, pairs):
    with Competitor(one[0], network, cores, *one[1:]) as a, Competitor(other[0], network, cores, *other[1:]) as b:
        for _ in range(WARM_UP):
            a.measure(), b.measure()
        return [(a.measure(), b.measure()) for _ in range(pairs)]


def main(name, network, cores, *more):
    """Run one competitor: for every line of standard input, measure once and print the seconds."""
    work = getattr(competitors, name)(network, int(cores), *more)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
