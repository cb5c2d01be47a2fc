"""Chapter 13, many machines: correct answers to its exercises, and mistakes with the feedback on them."""

import math

import numpy as np

from cnn_exercises import chapter_13

IN_ORDER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 3, 4, 1, 2, 8]


def batch(seconds, size, bandwidth, latency, bits=1, bytes_sent=1.0, messages=2, half=lambda m: math.ceil(m / 2)):
    sent = bits * bytes_sent * size / bandwidth + messages * latency
    count = 1
    while count * seconds <= half(count) * seconds + sent:
        count += 1
    return 64 * count


def step(workers, count, once=False, forgets=False, in_place=False, first=None, raises=True):
    alive = workers if in_place else list(workers[:first])
    results, number = {}, 0
    while number < count:
        if not alive:
            if raises:
                raise ConnectionError("no worker is left")
            break
        worker = alive[number % len(alive)]
        try:
            results[number] = worker(number)
        except ConnectionError:
            if not once:
                alive.remove(worker)
            if not forgets:
                continue
        number += 1
    return in_order(results)


def in_order(results):
    first, *others = (results[number] for number in sorted(results))
    for other in others:
        first = first + other
    return first


def by_worker(workers, count):
    """Add the sum of each worker: another order."""
    alive, subtotals, number = list(workers), {}, 0
    while number < count:
        if not alive:
            raise ConnectionError("no worker is left")
        worker = alive[number % len(alive)]
        try:
            gradient = worker(number)
        except ConnectionError:
            alive.remove(worker)
            continue
        subtotals[worker] = subtotals[worker] + gradient if worker in subtotals else gradient
        number += 1
    return sum(subtotals.values())


def stubborn(workers, count):
    results = {}
    while len(results) < count:
        try:
            results[len(results)] = workers[len(results) % len(workers)](len(results))
        except ConnectionError:
            continue
    return in_order(results)


SCHEDULE, BATCH = chapter_13.check_schedule, chapter_13.check_batch
FINDINGS, STEP = chapter_13.check_findings, chapter_13.check_step
CHECKS = [
    (SCHEDULE, IN_ORDER, None),
    (SCHEDULE, [number % 10 for number in range(16)], "finished after 13 hours"),
    (SCHEDULE, list(range(16)), "10 is none of them"),
    (SCHEDULE, [0] * 16, "Machine 1 does nothing"),
    (SCHEDULE, IN_ORDER[:10], "16 numbers are asked for"),
    (BATCH, batch, None),
    (BATCH, lambda *given: batch(*given) // 64, "each has 64 examples"),
    (BATCH, lambda *given: batch(*given, messages=0), "have latencies too"),
    (BATCH, lambda *given: batch(*given, messages=1), "2 messages one after the other"),
    (BATCH, lambda *given: batch(*given, bytes_sent=4), "the time of a server"),
    (BATCH, lambda *given: batch(*given, bytes_sent=2), "1 times the bytes"),
    (BATCH, lambda *given: batch(*given, bits=8), "not in bits"),
    (BATCH, lambda *given: batch(*given, half=lambda m: m / 2), "the larger half decides"),
    (BATCH, lambda *given: batch(*given) - 64, "still as fast"),
    (BATCH, lambda *given: batch(*given, bytes_sent=1 - 1e-9), "takes exactly as long"),  # <= in place of <
    (BATCH, lambda *given: 96, "try 1, 2, 3"),
    (FINDINGS, {"A": "machines", "B": "nothing", "C": "arrival"}, None),
    (FINDINGS, {"A": "nothing", "B": "nothing", "C": "arrival"}, "other machines, too"),
    (FINDINGS, {"A": "machines", "B": "arrival", "C": "arrival"}, "is it ever another one"),
    (FINDINGS, {"A": "machines", "B": "nothing", "C": "machines"}, "two different orders of arrival"),
    (FINDINGS, {"A": "machines", "B": "nothing"}, "an entry for each"),
    (STEP, step, None),
    (STEP, by_worker, "but for its last bits"),
    (STEP, lambda *given: step(*given, forgets=True), "is missing in the sum"),
    (STEP, lambda *given: step(*given, once=True, forgets=True), "asked again after it has died"),
    (STEP, stubborn, "asked again and again"),
    (STEP, lambda *given: step(*given, first=1), "never asked"),
    (STEP, lambda *given: step(*given, in_place=True), "changes"),
    (STEP, lambda *given: step(*given, raises=False), "Raise ConnectionError"),
    (STEP, lambda workers, count: np.float32(1), "your sum has ()|never asked"),
    (STEP, lambda workers, count: sum(worker(0) for worker in workers), "raised ConnectionError|each micro-batch"),
]
