"""What a run of the headline scenario costs: ``python -m tests.bench.bench_runs [embedded] [distributed]``.

Processor time per run of every process of the composition, of one burst after another (``--runs 20 60``: so
many at once), as a multiple of a yardstick: a fixed piece of work in Python that this process does over and
over while the runs go on. Both grow alike with what else the machine does, so the multiple is what to compare
between two versions, and between bursts: a run of a large burst is to cost no more than one of a small.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import getloadavg
from statistics import median
from time import perf_counter, thread_time
from typing import Any

import httpx

from tests.bench.bench_compositions import COMPOSITIONS, Place
from tests.bench.cpu import cpu_seconds, until_idle
from tests.e2e.emulator import SCENARIO

LONGEST_SECONDS = 300.0
BETWEEN_SLICES_SECONDS = 0.1
_TEXT = json.dumps([{"mpan": str(n), "codes": ["MSG1006"], "at": {"second": n}} for n in range(50)])


@dataclass(frozen=True)
class Burst:
    """What so many runs at once took. ``processor``: seconds of each process."""

    runs: int
    seconds: float
    processor: dict[str, float]
    slice_seconds: float
    verdicts: Counter[str]

    @property
    def per_run(self) -> float:
        return sum(self.processor.values()) / self.runs

    @property
    def multiple(self) -> float:
        return self.per_run / self.slice_seconds


def yardstick() -> float:
    """Processor time of a fixed piece of work, about a millisecond."""
    began = thread_time()
    for _ in range(10):
        sorted(json.loads(_TEXT), key=lambda entry: str(entry["mpan"]))
    return thread_time() - began


async def slices(found: list[float]) -> None:
    """Do the piece of work again and again, until cancelled."""
    while True:
        found.append(yardstick())
        await asyncio.sleep(BETWEEN_SLICES_SECONDS)


async def run_to_the_end(http: httpx.AsyncClient) -> str:
    """Start a run, ask for every step of it as the command line does; its verdict and why."""
    answer = await http.post("/api/runs", json={"scenario": SCENARIO, "timeout": LONGEST_SECONDS})
    run: dict[str, Any] = answer.raise_for_status().json()
    while not run["finished"]:
        query: dict[str, float] = {"after": run["version"], "wait": 20}
        run = (await http.get(f"/api/runs/{run['id']}", params=query)).raise_for_status().json()
    return f"{run['verdict']}: {run['summary']}"


async def burst(place: Place, runs: int) -> Burst:
    """So many runs at once."""
    found: list[float] = []
    limits = httpx.Limits(max_connections=runs, max_keepalive_connections=runs)
    async with httpx.AsyncClient(base_url=place.url, timeout=LONGEST_SECONDS, limits=limits) as http:
        before = {name: cpu_seconds(pid) for name, pid in place.pids.items()}
        began, beside = perf_counter(), asyncio.create_task(slices(found))
        verdicts = await asyncio.gather(*(run_to_the_end(http) for _ in range(runs)))
        seconds = perf_counter() - began
        for pid in place.pids.values():
            await asyncio.to_thread(until_idle, pid)
        beside.cancel()
        with suppress(asyncio.CancelledError):
            await beside
    spent = {name: cpu_seconds(pid) - before[name] for name, pid in place.pids.items()}
    return Burst(runs, seconds, spent, median(found), Counter(verdicts))


def tell(name: str, done: Burst) -> None:
    """A line for the burst, and one per process where there are several."""
    what, unit = f"{name}, {done.runs} at once", done.slice_seconds * 1e3
    print(
        f"{what:28} {done.seconds:6.1f} s   processor {done.per_run * 1e3:6.0f} ms/run, "
        f"{done.multiple:5.0f} times the yardstick of {unit:.2f} ms",
        flush=True,
    )
    assert all(verdict.startswith("passed") for verdict in done.verdicts), done.verdicts
    if len(done.processor) > 1:
        for process, seconds in sorted(done.processor.items(), key=lambda item: -item[1]):
            share = seconds / done.runs / done.slice_seconds
            print(f"  {process:26} {seconds * 1e3 / done.runs:6.0f} ms/run, {share:5.0f} times", flush=True)


def measure(name: str, sizes: Sequence[int], rounds: int) -> None:
    """Bursts of every size in turn, after one that is not counted; the median multiple of each size."""
    with COMPOSITIONS[name]() as place:
        asyncio.run(burst(place, 5))
        done = []
        for size in [*sizes] * rounds:
            done.append(asyncio.run(burst(place, size)))
            tell(name, done[-1])
    for size in sizes:
        multiples = [one.multiple for one in done if one.runs == size]
        spread = f"({min(multiples):.0f} to {max(multiples):.0f})"
        print(f"{name}: a run of {size} at once costs {median(multiples):.0f} yardsticks {spread}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(COMPOSITIONS))
    parser.add_argument("--runs", type=int, nargs="*", default=[20, 60])
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    print(f"load average of the machine before: {getloadavg()[0]:.1f}")
    for name in chosen.names:
        measure(name, chosen.runs, chosen.rounds)


if __name__ == "__main__":
    main()
