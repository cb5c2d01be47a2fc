"""Checks of chapter 13: a schedule, the batch for two machines, orders of additions, a step with workers that die."""

import itertools
from functools import reduce

import numpy as np

from .feedback import compare, exercise_check, reason_for, same
from .results import AnswerError, array_in, result_of, wrong_choice

# --- 1: a schedule ----------------------------------------------------------------------------------------------------

HOURS = (9, 7, 7, 6, 6, 5, 5, 5, 4, 4, 4, 3, 3, 2, 2, 1)
MACHINES, EARLIEST = 10, 9


@exercise_check
def check_schedule(answer):
    """Check the machine of each of sixteen trainings: the last one must be finished after nine hours."""
    machines = array_in(answer, "my_schedule")
    if machines.shape != (len(HOURS),):
        return f"{len(HOURS)} numbers are asked for, one for each training; yours has shape {machines.shape}."
    if not np.isin(machines, np.arange(MACHINES)).all():
        wrong = machines[~np.isin(machines, np.arange(MACHINES))][0]
        return f"the machines are numbered 0 to {MACHINES - 1}; {wrong:g} is none of them."
    ends = np.bincount(machines.astype(int), weights=HOURS, minlength=MACHINES)
    if ends.max() == EARLIEST:
        return None
    idle = f" Machine {ends.argmin()} does nothing." if ends.min() == 0 else ""
    return f"machine {ends.argmax()} is finished after {ends.max():g} hours; {EARLIEST} are possible.{idle}"


# --- 2: the batch for two machines ------------------------------------------------------------------------------------

EXAMPLES = 64  # of a micro-batch
# (seconds of a micro-batch, bytes of the gradients, bytes a second, seconds of latency)
NETWORKS = [
    (0.010, 827_688, 125e6, 1e-4),
    (0.007, 7_454_760, 125e6, 1e-4),
    (0.001, 1_000, 1e9, 1e-3),  # latency decides
    (0.002, 9_300_000, 1e9, 1e-3),
    (1 / 128, 1_000_000, 128e6, 0.0),  # two micro-batches: one machine takes exactly as long
]


@exercise_check
def check_batch(answer):
    """Check a function (seconds, size, bandwidth, latency) -> the smallest batch for which two machines are faster."""
    given = "for {} s a micro-batch, {:,} bytes, {:g} bytes a second and a latency of {} s you say {found:g}; "
    return compare(answer, NETWORKS, _batch, given, _why_batch)


def _batch(seconds, size, bandwidth, latency):
    return EXAMPLES * _fewest(seconds, size / bandwidth + 2 * latency)


def _fewest(seconds, sent, half=lambda count: -(-count // 2)):
    """Return the smallest number of micro-batches for which two machines and `sent` seconds are less than one."""
    return next(count for count in itertools.count(1) if half(count) * seconds + sent < count * seconds)


def _why_batch(found, right, seconds, size, bandwidth, latency):
    def batch(sent, **half):
        return EXAMPLES * _fewest(seconds, sent, **half)

    transfer, both = size / bandwidth, size / bandwidth + 2 * latency
    mistakes = [
        (right // EXAMPLES, "that is the number of micro-batches, and each has 64 examples."),
        (batch(transfer), "the messages of the ring have latencies too."),
        (batch(transfer + latency), "on two machines the ring sends 2(n − 1) = 2 messages one after the other."),
        (batch(4 * transfer + 2 * latency), "that is the time of a server; the ring sends 2(n − 1)/n times the bytes."),
        (batch(2 * transfer + 2 * latency), "on two machines the ring sends 2(n − 1)/n = 1 times the bytes."),
        (batch(8 * transfer + 2 * latency), "the bandwidth is in bytes a second here, not in bits."),
        (batch(both, half=lambda count: count / 2), "an odd micro-batch cannot be halved: the larger half decides."),
        (right - EXAMPLES, "for that batch one machine is still as fast."),
        (batch(both * (1 - 1e-9)), "for that batch one machine takes exactly as long."),
    ]
    reasons = [(wrong, why) for wrong, why in mistakes if wrong != right]
    return reason_for(found, reasons, "try 1, 2, 3, ... micro-batches: one machine against the larger half and a ring.")


# --- 3: orders of additions -------------------------------------------------------------------------------------------


def adder_a(arrivals):
    """Return the sum of the gradients of (machine, number, gradient)."""
    by_number, subtotals = sorted(arrivals, key=lambda each: each[1]), {}
    for machine, _, gradient in by_number:
        subtotals[machine] = subtotals[machine] + gradient if machine in subtotals else gradient
    return reduce(np.add, (subtotals[machine] for machine in sorted(subtotals)))


def adder_b(arrivals):
    """Return the sum of the gradients of (machine, number, gradient)."""
    waiting = {number: gradient for _, number, gradient in arrivals}
    total = waiting.pop(max(waiting))
    while waiting:
        total = total + waiting.pop(max(waiting))
    return total


def adder_c(arrivals):
    """Return the sum of the gradients of (machine, number, gradient)."""
    sides = sorted(arrivals, key=lambda each: each[1] % 2)
    return reduce(np.add, (gradient for _, _, gradient in sides))


DEPENDS = {"A": "machines", "B": "nothing", "C": "arrival"}
EVIDENCE = {
    "A": "Its bits stay the same when the list is shuffled. Give the micro-batches to other machines, too.",
    "B": "Its order of addition is unusual, but is it ever another one? Shuffle, and change the machines.",
    "C": "With eight micro-batches in two different orders of arrival its bits differ. Does it look at the machines?",
}


@exercise_check
def check_findings(answer):
    """Check on what the bits of each of the three sums depend."""
    wrong = wrong_choice(answer, DEPENDS, tuple(DEPENDS.values()), "'arrival', 'machines' or 'nothing'")
    return wrong and f"{wrong[0]} does not depend on {wrong[1]} alone. {EVIDENCE[wrong[0]]}"


# --- 4: a step with workers that die ----------------------------------------------------------------------------------

COUNT = 9  # micro-batches
PATIENCE = 20  # calls
LIVES = [(9, 9, 9), (9, 1, 9), (0, 9), (3, 9, 0)]  # how many micro-batches each worker computes before it dies


class _Worker:
    """A worker that computes a few micro-batches and then is dead for ever."""

    def __init__(self, gradients, lives):
        self.gradients, self.lives, self.asked = gradients, lives, []

    def __call__(self, number):
        self.asked.append(number)
        if len(self.asked) > self.lives + PATIENCE:  # or the answer would never end
            raise RuntimeError("this worker is dead, and was asked again and again")
        if len(self.asked) > self.lives:
            raise ConnectionError("this worker is dead")
        return self.gradients[number].copy()


def _workers(lives):
    """Return workers, and the gradients that they compute."""
    gradients = np.random.default_rng(0).normal(size=(COUNT, 50)).astype(np.float32)
    return [_Worker(gradients, each) for each in lives], gradients


@exercise_check
def check_step(answer):
    """Check a function (workers, count) -> the sum of the gradients in their order, whatever worker dies."""
    for lives in LIVES:
        workers, gradients = _workers(lives)
        found = array_in(result_of(answer, workers, COUNT), "the sum")
        mistake = _why_workers(workers) or _why_sum(found, gradients)
        if mistake:
            alive = ", ".join(f"{each}" for each in lives)
            return f"with workers that live for {alive} micro-batches: {mistake}"
    return _without_workers(answer)


def _why_workers(workers):
    """Return what is wrong with the way in which the workers were asked."""
    for place, worker in enumerate(workers):
        if len(worker.asked) > worker.lives + 1:
            return f"worker {place} is asked again after it has died."
        if not worker.asked:
            return f"worker {place} is never asked. Give work to all of them."
    return None


def _why_sum(found, gradients):
    right = reduce(np.add, gradients)
    if found.shape != right.shape:
        return f"a gradient has shape {right.shape}, your sum has {found.shape}."
    if np.array_equal(found, right):
        return None
    if same(found, right):
        return "the sum is right but for its last bits. Add in the order of the micro-batches, in float32."
    for number, gradient in enumerate(gradients):
        if same(found, right - gradient):
            return f"micro-batch {number} is missing in the sum."
        if same(found, right + gradient):
            return f"micro-batch {number} is in the sum twice."
    return "the sum is wrong: each micro-batch belongs in it once."


def _without_workers(answer):
    """Return what is wrong where all workers die before the step is complete."""
    try:
        result_of(answer, _workers((1, 2))[0], COUNT)
    except AnswerError as error:
        return None if "ConnectionError" in str(error) else f"all workers are dead: {error}"
    return "all workers are dead before the step is complete. Raise ConnectionError: a part of a sum is no gradient."
