"""Tell Holdfast of a program that it runs, from Python 3.9 on, without any dependency.

    import holdfast

    page = (holdfast.checkpoint() or {}).get("page", 0)
    for page in range(page, 200):
        for tender in scrape(page):
            holdfast.item(tender.id, type="tender", data={"title": tender.title})
        holdfast.progress(page + 1, 200, unit="pages", step="listing")
        holdfast.save({"page": page + 1})

Under `holdfast run`, or as a kind of holdfast.yaml, this reports; elsewhere it does nothing, so that
the program runs without Holdfast too. Every function returns whether the report was sent.

As a kind with `protocol: ndjson` the same program speaks the runner protocol on its standard input and
output: what it prints goes to its error output then, `stop_requested()` tells it to come to an end,
and an exception, or `finish()`, says how it ended. Nothing of it has to be written differently.
"""

import atexit
import json
import os
import socket
import sys
import threading

__all__ = [
    "Worker", "alive", "checkpoint", "error", "finish", "is_supervised", "item", "items", "log", "params",
    "progress", "save", "scan", "status", "stop_requested", "target", "waiting",
]

# A datagram has at most this many bytes; longer lists go in several.
_MOST_BYTES = 192 * 1024


class _Runner:
    """The runner protocol on the standard streams, which are this program's own no longer."""

    def __init__(self):
        # What the program prints, and what it starts, must not get between the messages.
        self._output = os.fdopen(os.dup(1), "wb", buffering=0)
        self._input = os.dup(0)
        sys.stdout.flush()
        os.dup2(2, 1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._started = self._stopping = self._heeded = self._finished = False
        self._saved = self._durable = 0
        self._write({"type": "ready", "protocol": 1, "pid": os.getpid(), "kinds": []})
        threading.Thread(target=self._listen, name="holdfast", daemon=True).start()
        self._hook, sys.excepthook = sys.excepthook, self._failed
        atexit.register(self.finish)

    def _write(self, message):
        data = json.dumps(message).encode() + b"\n"
        with self._lock:
            while data:
                data = data[self._output.write(data):]

    def _lines(self):
        # Without a buffered file, whose lock a thread that is waiting would hold when Python ends.
        rest = b""
        while True:
            more = os.read(self._input, 65536)
            if not more:
                return
            *lines, rest = (rest + more).split(b"\n")
            yield from lines

    def _listen(self):
        for line in self._lines():
            message = json.loads(line)
            kind = message.get("type")
            if kind == "ping":
                self._write({"type": "pong", "number": message["number"]})
            with self._news:
                if kind == "start":
                    self._started = True
                elif kind == "stop":
                    self._stopping = True
                elif kind == "checkpointed":
                    self._durable = max(self._durable, message["number"])
                self._news.notify_all()
        with self._news:
            is_over = self._finished
        if not is_over:
            # Nobody listens any more.
            os._exit(75)

    def send(self, message):
        with self._news:
            self._news.wait_for(lambda: self._started)
        self._write(message)
        return True

    def save(self, data, durable):
        with self._news:
            self._saved += 1
            number = self._saved
        self.send({"type": "checkpoint", "number": number, "data": data})
        if durable:
            with self._news:
                self._news.wait_for(lambda: self._durable >= number or self._stopping)
        return True

    def stop_requested(self):
        with self._news:
            self._heeded = self._heeded or self._stopping
            return self._stopping

    def finish(self, outcome=None, message=None, summary=None, error=None):
        with self._news:
            if self._finished:
                return False
            self._finished = True
            outcome = outcome or ("stopped" if self._heeded else "completed")
        members = {"outcome": outcome, "message": message, "summary": summary, "error": error}
        self.send({"type": "finished", **{k: v for k, v in members.items() if v is not None}})
        return True

    def _failed(self, kind, value, trace):
        self._hook(kind, value, trace)
        self.finish("failed", error="%s: %s" % (kind.__name__, value))


_runner = None
if os.environ.get("HOLDFAST_PROTOCOL") == "ndjson":
    # Programs that this one starts have no part in the conversation.
    del os.environ["HOLDFAST_PROTOCOL"]
    _runner = _Runner()


def _address():
    name = os.environ.get("HOLDFAST_SOCKET", "")
    return "\0" + name[1:] if name.startswith("@") else name


def is_supervised():
    """Whether this program runs under Holdfast."""
    return _runner is not None or bool(_address())


def stop_requested():
    """Whether it has been asked to stop (paused, cancelled, or given back): save() and return then.

    Under `holdfast run` a signal asks instead, and this is False.
    """
    return _runner is not None and _runner.stop_requested()


def _send(data):
    address = _address()
    if not address:
        return False
    if len(data) > _MOST_BYTES:
        raise ValueError("a report has at most %d bytes, and this one has %d" % (_MOST_BYTES, len(data)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.sendto(data, address)
    return True


def _message(**members):
    message = {k: v for k, v in members.items() if v is not None}
    return _runner.send(message) if _runner else _send(json.dumps(message).encode())


def scan():
    """The scan's number; None elsewhere."""
    number = os.environ.get("HOLDFAST_SCAN")
    return int(number) if number else None


def target():
    """What the program is run for; None elsewhere."""
    return os.environ.get("HOLDFAST_TARGET")


def params():
    """The scan's parameters."""
    return json.loads(os.environ.get("HOLDFAST_PARAMS") or "{}") or {}


def checkpoint():
    """What an earlier attempt saved; None at a first attempt."""
    text = os.environ.get("HOLDFAST_CHECKPOINT")
    return json.loads(text) if text else None


def save(data, durable=False):
    """Saves what a later attempt goes on from: anything that JSON has.

    With `durable` it returns once that is in the database; only `protocol: ndjson` can tell.
    """
    if _runner:
        return _runner.save(data, durable)
    return _message(type="checkpoint", number=1, data=data)


def finish(message=None, summary=None, error=None):
    """Says how it ended: with `error` it failed. Without this call, the end of the program says it.

    Only `protocol: ndjson` has such a message; elsewhere the exit status says it.
    """
    if not _runner:
        return False
    return _runner.finish("failed" if error else None, message, summary, error)


def progress(done, total=None, unit="items", step="", current=None, message=None):
    """How much is done, and of how much. `done` only grows within a step."""
    return _message(
        type="progress", done=int(done), total=None if total is None else int(total), unit=unit,
        step=step, current=current, message=message)


def item(key, type="item", data=None):
    """Something that was found. Of one key, one is kept."""
    return items([{"key": str(key), "type": type, "data": data}])


def items(found):
    """Many of them: dictionaries with `key`, and optionally `type` and `data`."""
    batch, size, sent = [], 0, False
    for one in found:
        entry = {"key": str(one["key"]), "type": one.get("type") or "item", "change": "found"}
        if one.get("data") is not None:
            entry["data"] = one["data"]
        length = len(json.dumps(entry))
        if batch and size + length > _MOST_BYTES // 2:
            sent = _message(type="items", items=batch)
            batch, size = [], 0
        batch.append(entry)
        size += length + 2
    return _message(type="items", items=batch) if batch else sent


def error(path, type, message):
    """Something that went wrong and does not end the scan, which will be `partial`."""
    return _message(
        type="item_errors", errors=[{"path": str(path), "type": type, "message": str(message)}])


def waiting(what, seconds):
    """What it waits for, and for how long at most; 0 seconds end the wait."""
    return _message(**{"type": "waiting", "for": what, "seconds": float(seconds)})


def log(message, level="info"):
    return _message(type="log", level=level, message=str(message))


def status(text):
    """One line on what it does now."""
    return _send(("STATUS=" + str(text).replace("\n", " ")).encode())


def Worker(server, token, kinds, **options):
    """A worker that runs a server's scans over HTTP: see holdfast_worker.py, which must lie beside this file."""
    import holdfast_worker

    return holdfast_worker.Worker(server, token, kinds, **options)


def alive():
    """A sign of life, without more."""
    return _send(b"WATCHDOG=1")
