"""Procrastinate's no-op throughput and idle latency, as one JSON object of figures.

Usage: procrastinate_peer.py POSTGRES_URI
"""

import asyncio
import json
import logging
import sys
import time

import procrastinate

JOBS = 3000
ROUNDS = 100
app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=sys.argv[1], max_size=20)
)
logging.disable(logging.CRITICAL)
started: asyncio.Queue[float] = asyncio.Queue()


@app.task(queue="noop")
async def noop(n: int) -> None:
    return None


@app.task(queue="idle")
async def mark(n: int) -> None:
    started.put_nowait(time.perf_counter())


async def main() -> dict[str, float]:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        begin = time.perf_counter()
        for start in range(0, JOBS, 1000):
            await noop.batch_defer_async(*({"n": n} for n in range(start, start + 1000)))
        submitted = JOBS / (time.perf_counter() - begin)

        begin = time.perf_counter()
        await app.run_worker_async(
            queues=["noop"], wait=False, concurrency=10, install_signal_handlers=False
        )
        worked = JOBS / (time.perf_counter() - begin)

        worker = asyncio.create_task(
            app.run_worker_async(queues=["idle"], concurrency=1, install_signal_handlers=False)
        )
        times = []
        for n in range(ROUNDS + 5):
            await asyncio.sleep(0.02 if n else 1)
            begin = time.perf_counter()
            await mark.defer_async(n=n)
            times.append((await started.get() - begin) * 1000)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        times = sorted(times[5:])
        return {
            "submitted": submitted,
            "worked": worked,
            "p50": times[len(times) // 2],
            "p99": times[-1 - len(times) // 100],
        }


print(json.dumps(asyncio.run(main())))
