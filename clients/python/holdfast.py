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
"""

import json
import os
import socket

__all__ = [
    "Worker", "alive", "checkpoint", "error", "is_supervised", "item", "items", "log", "params", "progress",
    "save", "scan", "status", "target", "waiting",
]

# A datagram has at most this many bytes; longer lists go in several.
_MOST_BYTES = 192 * 1024


def _address():
    name = os.environ.get("HOLDFAST_SOCKET", "")
    return "\0" + name[1:] if name.startswith("@") else name


def is_supervised():
    """Whether this program runs under Holdfast."""
    return bool(_address())


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
    return _send(json.dumps({k: v for k, v in members.items() if v is not None}).encode())


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


def save(data):
    """Saves what a later attempt goes on from: anything that JSON has."""
    return _message(type="checkpoint", number=1, data=data)


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
