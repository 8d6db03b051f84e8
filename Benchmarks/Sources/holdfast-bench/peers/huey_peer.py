"""huey's no-op throughput on SQLite, as one JSON object of figures.

Usage: huey_peer.py DATABASE_FILE
"""

import json
import sys
import time

from huey import SqliteHuey

JOBS = 5000
queue = SqliteHuey(filename=sys.argv[1], results=True)


@queue.task()
def noop(n: int) -> int:
    return n


begin = time.perf_counter()
for number in range(JOBS):
    noop(number)
submitted = JOBS / (time.perf_counter() - begin)

begin = time.perf_counter()
done = 0
while (task := queue.dequeue()) is not None:
    queue.execute(task)
    done += 1
worked = done / (time.perf_counter() - begin)
assert done == JOBS, done
print(json.dumps({"submitted": submitted, "worked": worked}))
