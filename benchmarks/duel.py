"""Two contenders in turn, each in a process of its own, so that neither finds the other's threads awake on its cores.

A round starts both anew, warms them up, and lets them work in turn; the ratio is the median over the pairs of turns.
What slows the machine for a while slows both. Three rounds show the spread.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import contenders

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, PAIRS, WARM_UP, PAUSE = 3, 11, 2, 0.005  # PAUSE: seconds for threads that still spin after a turn


class Contender:
    """A process that does one turn of work whenever it is told to."""

    def __init__(self, name, network, cores, *more):
        command = [sys.executable, "-m", "benchmarks.duel", name, network, str(cores), *more]
        environment = contenders.environment(cores)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)

    def turn(self):
        """Return the seconds that one turn took."""
        self.process.stdin.write("turn\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        time.sleep(PAUSE)
        return json.loads(answer)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()


@dataclass(frozen=True)
class Outcome:
    """What the rounds of a duel gave."""

    ratios: list  # one a round: the median over its pairs of one's seconds by the other's
    one: float  # the median of all turns, in seconds
    other: float

    @property
    def ratio(self):
        """The median of the rounds."""
        return statistics.median(self.ratios)


def duel(one, other, network, cores, rounds=ROUNDS, pairs=PAIRS):
    """Return the Outcome of two contenders on the same task; each is a tuple: its name, and what else it is told."""
    seconds, ratios = ([], []), []
    for _ in range(rounds):
        found = _round(one, other, network, cores, pairs)
        ratios.append(statistics.median(a / b for a, b in found))
        for kept, new in zip(seconds, zip(*found, strict=True), strict=True):
            kept.extend(new)
    return Outcome(ratios, *map(statistics.median, seconds))


def _round(one, other, network, cores, pairs):
    with Contender(one[0], network, cores, *one[1:]) as a, Contender(other[0], network, cores, *other[1:]) as b:
        for _ in range(WARM_UP):
            a.turn(), b.turn()
        return [(a.turn(), b.turn()) for _ in range(pairs)]


def main(name, network, cores, *more):
    """Be a contender: do a turn for every line that comes in, and answer with its seconds."""
    work = getattr(contenders, name)(network, int(cores), *more)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
