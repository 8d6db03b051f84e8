"""Run a Holdfast server's scans in Python, from Python 3.9 on, without any dependency.

    import holdfast_worker

    def tenders(scan):
        first = (scan.checkpoint or {}).get("page", 0)
        for page in range(first, 200):
            if scan.should_stop:
                return                                  # goes on from the checkpoint, here or elsewhere
            for tender in scrape(scan.target, page):
                scan.item(tender.id, type="tender", data={"title": tender.title})
            scan.progress(page + 1, 200, unit="pages", step="listing")
            scan.save({"page": page + 1})
        return {"pages": 200}                           # the summary

    holdfast_worker.Worker("https://scans.example.org", token, kinds={"tenders": tenders}).run()

The worker claims scans of its kinds, runs each on a thread of its own, renews their leases, and reports in batches. While the
server is away it keeps what there is to report. A scan that another attempt has been given is told to stop, and nothing more of it
is written. `docs/remote-workers.md` describes the messages.
"""

import bisect
import collections
import json
import logging
import math
import os
import signal
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

__all__ = ["HoldfastError", "Scan", "Stopped", "TryAgain", "Worker"]

PROTOCOL = 1

_log = logging.getLogger("holdfast")
# A batch of reports stays well below what the server takes (32 MiB).
_MOST_BATCH_BYTES = 2 << 20
# Above this, a scan that reports waits until some of it is written.
_MOST_WAITING_BYTES = 16 << 20
# Containers of one machine share its boot and number their processes each for themselves.
_FIRST_NAMESPACE = "pid:[4026531836]"


class HoldfastError(RuntimeError):
    """What a server refused for good, in its own words."""


class TryAgain(Exception):
    """Raised by a scan that may succeed later: it goes back into the queue, as often as its policy allows."""


class Stopped(Exception):
    """Raised by `Scan.check()` where the scan is to stop. It is then given back."""


class _Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(problem.get("detail") or "the server answered %d" % status)
        self.status = status
        self.problem = problem
        self.name = str(problem.get("type", "")).rsplit("/", 1)[-1]


class _Away(Exception):
    """No answer, or one that says: later."""

    def __init__(self, why, seconds=None):
        super().__init__(why)
        self.seconds = seconds


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Somebody else's address gets no token."""

    def redirect_request(self, *_):
        return None


class _Server:
    def __init__(self, url, token, cafile=None):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("the server's address is written like https://scans.example.org")
        self.url = url.rstrip("/")
        self._headers = {"Authorization": "Bearer " + token.strip(), "Accept": "application/json"}
        context = ssl.create_default_context(cafile=cafile) if parts.scheme == "https" else None
        handlers = [_NoRedirect()]
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)

    def open(self, method, path, body=None, timeout=30.0):
        headers, data = dict(self._headers), None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            return self._opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except (OSError, ValueError) as error:
            raise _Away(str(getattr(error, "reason", error))) from None

    @staticmethod
    def _refusal(error):
        try:
            problem = json.loads(error.read() or b"{}")
        except (OSError, ValueError):
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        if error.code == 429 or error.code >= 500:
            after = error.headers.get("Retry-After", "")
            return _Away(
                problem.get("detail") or "it answered %d" % error.code,
                float(after) if after.isdigit() else None)
        return _Refused(error.code, problem)

    def call(self, method, path, body=None, timeout=30.0):
        try:
            with self.open(method, path, body, timeout) as answer:
                text = answer.read()
        except OSError as error:
            raise _Away(str(error)) from None
        try:
            return json.loads(text) if text else {}
        except ValueError:
            raise _Away("its answer is not JSON") from None


# Suspicion: how silent scans like this one ever are (docs/decisions/0003-detector.md)


class _Window:
    """The last so many numbers, in the order of their size and of their arrival."""

    def __init__(self, capacity):
        self._capacity, self._arrived, self._sorted = capacity, collections.deque(), []

    def __len__(self):
        return len(self._sorted)

    def add(self, value):
        if len(self._arrived) == self._capacity:
            del self._sorted[bisect.bisect_left(self._sorted, self._arrived.popleft())]
        self._arrived.append(value)
        bisect.insort(self._sorted, value)

    def smallest(self, rank):
        """The nth, from 1; None where there are fewer."""
        return self._sorted[rank - 1] if 0 < rank <= len(self._sorted) else None

    def count_at_least(self, value):
        return len(self._sorted) - bisect.bisect_left(self._sorted, value)


class _Scales:
    """What is usual: the medians of the last largest gaps, of all and of each step."""

    _WINDOW, _LEAST, _MOST_STEPS = 15, 5, 32

    def __init__(self):
        self._whole, self._steps = _Window(self._WINDOW), {}

    def add(self, gaps):
        self._whole.add(max(gaps.values()))
        for step, seconds in gaps.items():
            if step in self._steps or len(self._steps) < self._MOST_STEPS:
                self._steps.setdefault(step, _Window(self._WINDOW)).add(seconds)

    def of(self, step):
        return self._median(self._steps.get(step))

    def whole(self):
        return self._median(self._whole)

    def _median(self, window):
        if window is None or len(window) < self._LEAST:
            return None
        # A scale of nothing would make every gap infinitely large.
        return max(window.smallest((len(window) + 1) // 2), 0.001)


class _Rhythm:
    """What the finished scans of one kind have taught under one promised rate of false alarms: that the largest gap of the next
    one, as a multiple of what is usual for it, is beyond the quantile of theirs with that probability at most."""

    _SCORES, _MOST_TARGETS = 4096, 2048

    def __init__(self, rate):
        self._rate, self._factor = rate, 1.0
        self._own, self._general = _Window(self._SCORES), _Window(self._SCORES)
        self._scales, self._targets = _Scales(), {}

    def learn(self, target, rhythm):
        gaps = {}
        for sign in ("progress", "activity"):
            for gap in rhythm.get(sign) or []:
                gaps[sign + ":" + gap["step"]] = float(gap["seconds"])
        if not gaps:
            return
        if rhythm.get("suspected_at_rate") == self._rate:
            self._factor *= 2
        self._factor = max(1.0, self._factor * (1 - 0.65 * self._rate))
        # With the scales as they were while the scan ran.
        known = self._targets.pop(target, None) or _Scales()
        if known.whole() is not None:
            self._own.add(self._score(gaps, known))
        if self._scales.whole() is not None:
            self._general.add(self._score(gaps, None))
        self._scales.add(gaps)
        known.add(gaps)
        # The one that has been quiet for longest stands first.
        self._targets[target] = known
        if len(self._targets) > self._MOST_TARGETS:
            del self._targets[next(iter(self._targets))]

    def _score(self, gaps, target):
        scaled = [(seconds, self._scale(target, step)) for step, seconds in gaps.items()]
        return max([seconds / scale[0] for seconds, scale in scaled if scale] or [0.0])

    def _scale(self, target, step):
        if target is not None:
            if target.of(step) is not None:
                return target.of(step), "step"
            if target.whole() is not None:
                return target.whole(), "target"
        usual = self._scales.of(step)
        usual = self._scales.whole() if usual is None else usual
        return None if usual is None else (usual, "kind")

    def _rank(self, window):
        return math.ceil((1 - self._rate) * (len(window) + 1) - 1e-9)

    def limit(self, target, sign, step):
        """The silence beyond which a scan is suspected; None while too little is known."""
        step = sign + ":" + step
        for scales in (self._targets.get(target), None):
            scale = self._scale(scales, step)
            if scale is None:
                continue
            window = self._general if scale[1] == "kind" else self._own
            score = window.smallest(self._rank(window))
            if score is not None:
                return {"seconds": score * scale[0] * self._factor, "scope": scale[1],
                        "scans": len(window), "rate": self._rate}
        return None

    def probability(self, target, sign, step, seconds):
        """The share of healthy scans that are ever as silent."""
        is_own = self._own.smallest(self._rank(self._own)) is not None
        scale = self._scale(self._targets.get(target) if is_own else None, sign + ":" + step)
        window = self._general if scale is None or scale[1] == "kind" else self._own
        if scale is None or not len(window):
            return None
        return (1 + window.count_at_least(seconds / (scale[0] * self._factor))) / (1 + len(window))


class _Rhythms:
    """The rhythms of a worker's kinds, read from its server. Used by one thread."""

    _REFRESH_SECONDS = 15.0

    def __init__(self, kinds):
        self._kinds, self._rates, self._book = set(kinds), set(), {}
        self._last, self._due, self._is_refused = 0, 0.0, False

    def of(self, kind, rate):
        if rate not in self._rates:
            # Learned from the beginning, for a promise that was not known before.
            self._rates.add(rate)
            self._book, self._last, self._due = {}, 0, 0.0
        return self._book.setdefault((kind, rate), _Rhythm(rate))

    def refresh(self, server, path):
        if self._is_refused or not self._rates or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._REFRESH_SECONDS
        try:
            while True:
                records = server.call("GET", path + "/rhythms?after=%d" % self._last)["rhythms"]
                for record in records:
                    self._last = max(self._last, record["id"])
                    if record["kind"] in self._kinds:
                        for rate in self._rates:
                            self.of(record["kind"], rate).learn(record["target"], record["rhythm"])
                if len(records) < 500:
                    return
        except _Away:
            # What is known goes on to hold.
            pass
        except _Refused as refusal:
            # A server that is older than this. A worker that it does not know registers anew.
            self._is_refused = refusal.status != 404 or refusal.name != "worker-not-found"


class _Gaps:
    """The largest silence in each step."""

    _MOST_STEPS = 32

    def __init__(self, now, step):
        self._largest, self._last, self.step = {}, now, step

    def moved(self, now, step=None):
        self._record(now)
        self._last = max(self._last, now)
        self.step = self.step if step is None else step

    def waited(self, seconds):
        self._last += seconds

    def silence(self, now):
        return max(0.0, now - self._last)

    def finished(self, now):
        self._record(now)
        return [{"step": step, "seconds": seconds} for step, seconds in sorted(self._largest.items())]

    def _record(self, now):
        gap = now - self._last
        if gap > 0:
            is_room = self.step in self._largest or len(self._largest) < self._MOST_STEPS - 1
            step = self.step if is_room else ""
            self._largest[step] = max(gap, self._largest.get(step, 0.0))


class _Watch:
    """Follows one attempt's silences, and whether they are longer than those of scans like it."""

    def __init__(self, claim):
        last = (claim.get("scan") or {}).get("progress") or {}
        now = time.monotonic()
        self._policy = claim.get("policy") or {}
        self._claimed = now
        self._done, self._step = int(last.get("done") or 0), str(last.get("step") or "")
        self._first_done = self._done
        self._has_progress = bool(last)
        self._gaps = {"progress": _Gaps(now, self._step), "activity": _Gaps(now, self._step)}
        self._wait, self._waited = None, 0.0
        self._is_sampled, self._was_suspected = False, False
        self._doubt = None
        self._lock = threading.Lock()

    @property
    def rate(self):
        return float(self._policy.get("suspicion_rate") or 0.001)

    def progress(self, done, step):
        with self._lock:
            if self._has_progress and done <= self._done and step == self._step:
                return
            self._has_progress, self._done, self._step = True, done, step
            for gaps in self._gaps.values():
                gaps.moved(time.monotonic(), step)

    def sampled(self, has_moved):
        with self._lock:
            self._is_sampled = True
            if has_moved:
                self._gaps["activity"].moved(time.monotonic())

    def waits(self, seconds):
        with self._lock:
            self._end_wait(time.monotonic())
            if seconds > 0:
                self._wait = (time.monotonic(), seconds)

    def _waiting(self, now):
        return 0.0 if self._wait is None else max(0.0, min(now - self._wait[0], self._wait[1]))

    def _end_wait(self, now):
        waited = self._waiting(now)
        for gaps in self._gaps.values():
            gaps.waited(waited)
        self._waited += waited
        self._wait = None

    def judge(self, rhythm, target):
        """What is to be told of it, where that is new; else None."""
        with self._lock:
            found = None if self._policy.get("suspicion") == "ignore" else self._suspect(rhythm, target)
            before, self._doubt = self._doubt, found
            if (before is None) == (found is None):
                return None
            if found is None:
                return {"change": "withdrawn", "asks_for_look": False}
            self._was_suspected = True
            return {"change": "raised", "suspicion": found,
                    "asks_for_look": self._policy.get("suspicion") == "recover"}

    def _suspect(self, rhythm, target):
        now = time.monotonic()
        cap = 60.0 * float(self._policy.get("waiting_cap_minutes") or 0)
        floor = float(self._policy.get("suspicion_floor_seconds") or 0)
        worst = None
        for sign, gaps in self._gaps.items():
            limit = rhythm.limit(target, sign, gaps.step)
            if limit is None or sign == "activity" and not self._is_sampled:
                continue
            silence = gaps.silence(now) - min(cap, self._waiting(now))
            over = silence - max(limit["seconds"], floor)
            if over > 0 and (worst is None or over > worst["overdue_seconds"]):
                worst = {"signal": sign, "step": gaps.step, "silence_seconds": silence, "limit": limit,
                         "probability": rhythm.probability(target, sign, gaps.step, silence),
                         "overdue_seconds": over}
        return worst

    def finished(self):
        """What an attempt that came to its end in good health teaches."""
        with self._lock:
            now = time.monotonic()
            self._end_wait(now)
            rhythm = {
                "progress": self._gaps["progress"].finished(now),
                "activity": self._gaps["activity"].finished(now) if self._is_sampled else [],
                "done": max(0, self._done - self._first_done),
                "seconds": max(0.0, now - self._claimed - self._waited)}
            if self._was_suspected:
                rhythm["suspected_at_rate"] = self.rate
            return rhythm


class _Activity:
    """What threads of this process, and all processes below them, have used so far: processor time and bytes."""

    def __init__(self):
        self._last = None

    def has_moved(self, threads):
        """Whether they have moved since the last look; None where this cannot be seen."""
        try:
            used = self._used(threads)
        except (OSError, ValueError, IndexError):
            return None
        last, self._last = self._last, used
        return last != used

    def _used(self, threads):
        used, below = [], []
        for thread in sorted(threads):
            folder = "/proc/self/task/%d" % thread
            try:
                used.append((thread, self._ticks(folder, own=True), self._bytes(folder)))
            except FileNotFoundError:
                continue  # It has ended.
            below += self._children(folder)
        while below:
            process = below.pop()
            folder = "/proc/%d" % process
            try:
                used.append((process, self._ticks(folder, own=False), self._bytes(folder)))
                for thread in os.listdir(folder + "/task"):
                    below += self._children("%s/task/%s" % (folder, thread))
            except (FileNotFoundError, ProcessLookupError):
                used.append((process, 0, 0))
        return used

    @staticmethod
    def _ticks(folder, own):
        with open(folder + "/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return sum(int(field) for field in fields[11:13 if own else 15])

    @staticmethod
    def _bytes(folder):
        try:
            with open(folder + "/io") as file:
                return sum(int(line.split()[1]) for line in file if line[1:5] == "char")
        except PermissionError:
            return 0  # Of another user: its processor time is seen.

    @staticmethod
    def _children(folder):
        with open(folder + "/children") as file:
            return [int(number) for number in file.read().split()]


class Scan:
    """One attempt of a scan, as its handler sees it. Every method may be called from any thread."""

    def __init__(self, worker, claim):
        start = claim["start"]
        self.id = start["scan_id"]
        self.token = claim["token"]
        self.number = start["number"]
        self.attempt = start["attempt"]
        self.kind = start["kind"]
        self.target = start["target"]
        self.params = start.get("params") or {}
        #: What an earlier attempt saved last; None at a first one.
        self.checkpoint = start.get("checkpoint")
        self._worker = worker
        self._interval = float(claim["heartbeat_interval_seconds"])
        self._stale_after = float(claim["stale_after_seconds"])
        self._renewed = time.monotonic()
        self._lock = threading.Condition()
        self._waiting = []
        self._waiting_bytes = 0
        self._sequence = 0
        self._checkpoints = 0
        self._in_flight = None
        self._durable = 0
        self._is_over = False
        self._noticed = False
        self._refusals = 0
        self._stop_reason = None
        self._order = None
        self._watch = _Watch(claim)
        self._activity = _Activity()
        self._thread = None
        self._is_active = False
        self._doubts = []

    # What a handler asks

    @property
    def should_stop(self):
        """Whether to end now: return, and the scan goes on from its checkpoint later, or is cancelled."""
        if self._stop_reason is not None:
            self._noticed = True
            return True
        return False

    @property
    def stop_reason(self):
        """`cancel`, `pause`, `drain`, `superseded`, or None."""
        return self._stop_reason

    def check(self):
        """Raises `Stopped` where the scan is to stop."""
        if self.should_stop:
            raise Stopped(self._stop_reason)

    # What a handler says

    def progress(self, done, total=None, unit="items", step="", current=None, message=None):
        """How much is done, and of how much."""
        self._watch.progress(int(done), step)
        self._say(
            {"type": "progress", "done": int(done), "total": None if total is None else int(total),
             "unit": unit, "step": step, "current": current, "message": message})

    def item(self, key, type="item", data=None, change="found"):
        """Something that was found. Of one key, one is kept."""
        self.items([{"key": key, "type": type, "data": data, "change": change}])

    def items(self, found):
        """Many of them: dictionaries with `key`, and optionally `type`, `data`, `change` and `identity`."""
        batch = []
        for one in found:
            entry = {"type": "item", "change": "found"}
            entry.update({k: v for k, v in one.items() if v is not None})
            entry["key"] = str(one["key"])
            batch.append(entry)
            if len(batch) == 500:
                self._say({"type": "items", "items": batch})
                batch = []
        if batch:
            self._say({"type": "items", "items": batch})

    def error(self, path, type, message):
        """Something that went wrong and does not end the scan, which will be `partial`."""
        self._say(
            {"type": "item_errors",
             "errors": [{"path": str(path), "type": type, "message": str(message)}]})

    def waiting(self, what, seconds):
        """What it waits for, and for how long at most; 0 seconds end the wait."""
        self._watch.waits(float(seconds))
        self._say({"type": "waiting", "for": what, "seconds": float(seconds)})

    def save(self, data, wait=False):
        """Saves what a later attempt goes on from. It covers all that was said before. With `wait`, returns once it is durable:
        True, or False where the scan is no longer this worker's."""
        with self._lock:
            self._checkpoints += 1
            number = self._checkpoints
        self._say({"type": "checkpoint", "number": number, "data": data})
        if not wait:
            return True
        with self._lock:
            self._lock.wait_for(lambda: self._durable >= number or self._is_over)
            return self._durable >= number

    # The worker's side

    def _say(self, message):
        message = {name: value for name, value in message.items() if value is not None}
        size = len(json.dumps(message))
        with self._lock:
            self._lock.wait_for(
                lambda: self._is_over or not self._waiting
                or self._waiting_bytes + size <= _MOST_WAITING_BYTES)
            if self._is_over:
                return
            if message["type"] == "progress" and self._waiting:
                last, last_size = self._waiting[-1]
                if last["type"] == "progress":
                    # The newest is enough.
                    self._waiting.pop()
                    self._waiting_bytes -= last_size
            self._waiting.append((message, size))
            self._waiting_bytes += size
        self._worker._flush.set()

    def _next_report(self):
        """What is to be sent now: again what was not answered, or else the next batch; None for nothing."""
        with self._lock:
            if self._is_over:
                return None
            if self._in_flight is None and (self._waiting or self._doubts):
                messages, size = [], 0
                while self._waiting and (not messages or size < _MOST_BATCH_BYTES):
                    message, length = self._waiting.pop(0)
                    messages.append(message)
                    size += length
                self._waiting_bytes -= size
                self._sequence += 1
                self._in_flight = {
                    "scan_id": self.id, "token": self.token, "sequence": self._sequence,
                    "messages": messages}
                self._add_findings(messages[-1] if messages else {"type": ""})
            return self._in_flight

    def _add_findings(self, last):
        """What the worker itself has to say: nothing more of doubts once there is an end."""
        if last["type"] != "finished":
            if self._doubts:
                self._in_flight["worker"] = {"doubt": self._doubts.pop(0)}
            return
        self._doubts = []
        if last["outcome"] == "completed":
            self._in_flight["worker"] = {"rhythm": self._watch.finished()}

    def _doubt(self, doubt):
        with self._lock:
            self._doubts.append(doubt)
        self._worker._flush.set()

    def _sent(self, outcome):
        with self._lock:
            if outcome["outcome"] == "applied":
                for message in outcome["messages"]:
                    if message["type"] == "checkpointed":
                        self._durable = max(self._durable, message["number"])
                last = (self._in_flight or {}).get("messages") or [{"type": ""}]
                self._is_over = self._is_over or last[-1]["type"] == "finished"
                self._in_flight = None
                self._lock.notify_all()
                return
        self._stop("superseded")

    def _is_delivered(self):
        with self._lock:
            return self._is_over or (self._in_flight is None and not self._waiting)

    def _stop(self, reason, order=None):
        with self._lock:
            if self._is_over:
                return
            if reason == "superseded":
                # Nothing more of it will be written, by anybody.
                self._is_over = True
                self._waiting, self._waiting_bytes, self._in_flight = [], 0, None
                self._doubts = []
            if self._stop_reason != "superseded":
                if reason != self._stop_reason:
                    _log.info("scan %d is to stop: %s", self.number, reason)
                self._stop_reason = reason
            self._order = order or self._order
            self._lock.notify_all()


class Worker:
    """Claims scans of its kinds from a server and runs them, until it is stopped.

    `kinds` gives a function for each kind: it is called with a `Scan`. What it returns (a dictionary, or nothing) is the scan's
    summary; an exception fails the scan, `TryAgain` puts it back into the queue.
    """

    def __init__(self, server, token, kinds, name=None, slots=1, heartbeat_interval_seconds=10.0,
                 cafile=None, wait_seconds=20.0):
        if not kinds:
            raise ValueError("a worker without kinds would never run a scan")
        self.kinds = dict(kinds)
        self.name = name or socket.gethostname()
        self.slots = int(slots)
        self._interval = float(heartbeat_interval_seconds)
        self._wait_seconds = min(30.0, max(0.0, float(wait_seconds)))
        self._server = _Server(server, token, cafile)
        self._id = None
        self._lock = threading.Condition()
        self._scans = {}
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._flush = threading.Event()
        self._beat = threading.Event()
        self._rhythms = _Rhythms(self.kinds)
        self._own_threads = set()

    def run(self):
        """Works until `stop()`, SIGTERM or SIGINT. Raises `HoldfastError` where the server does not take this worker."""
        self._register(is_first=True)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._signalled)
        helpers = [
            threading.Thread(target=loop, name="holdfast " + name, daemon=True)
            for name, loop in (
                ("heartbeat", self._beat_loop), ("reports", self._flush_loop),
                ("signals", self._signal_loop), ("watch", self._watch_loop))]
        for helper in helpers:
            helper.start()
        self._own_threads = {helper.native_id for helper in helpers}
        self._own_threads.add(threading.get_native_id())
        try:
            self._claim_loop()
        finally:
            self._drain()
            self._over.set()
            self._flush.set()
            self._beat.set()
            helpers[0].join()
            helpers[1].join()
            self._retire()

    def stop(self):
        """Asks every scan to stop, and lets `run()` return once they have."""
        self._stopping.set()
        self._beat.set()

    def _signalled(self, number, _):
        if self._stopping.is_set():
            os._exit(128 + number)  # A second one ends it without waiting.
        self.stop()

    # Claiming

    def _register(self, is_first=False):
        pause = 0.2
        while not self._stopping.is_set():
            try:
                life = self._server.call("POST", "/api/v1/workers", self._registration())
                self._id = life["worker_id"]
                return
            except _Refused as refusal:
                raise HoldfastError("the server does not take this worker: %s" % refusal) from None
            except _Away as away:
                if is_first and away.seconds is None:
                    raise HoldfastError("the server does not answer: %s" % away) from None
                self._pause(away, pause)
                pause = min(5.0, pause * 2)

    def _registration(self):
        registration = {
            "protocol": PROTOCOL, "name": self.name, "host": socket.gethostname(),
            "process_id": os.getpid(), "slots": self.slots, "kinds": sorted(self.kinds),
            "version": "python", "heartbeat_interval_seconds": self._interval}
        try:
            with open("/proc/sys/kernel/random/boot_id") as file:
                boot = file.read().strip()
            namespace = os.readlink("/proc/self/ns/pid")
            if namespace != _FIRST_NAMESPACE:
                boot += " " + namespace
            with open("/proc/self/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            registration.update(boot_id=boot, process_start_ticks=int(fields[19]))
        except (OSError, ValueError, IndexError):
            # Elsewhere than on Linux nobody can tell a process from its next one.
            pass
        return registration

    def _claim_loop(self):
        pause = 0.2
        while not self._stopping.is_set():
            with self._lock:
                self._lock.wait_for(
                    lambda: len(self._scans) < self.slots or self._stopping.is_set(), timeout=0.5)
                free = self.slots - len(self._scans)
            if free <= 0:
                continue
            try:
                answer = self._server.call(
                    "POST", self._path("/claim"),
                    {"limit": min(free, 64), "kinds": sorted(self.kinds),
                     "wait_seconds": self._wait_seconds}, timeout=self._wait_seconds + 15)
                pause = 0.2
                for claim in answer["claims"]:
                    self._begin(claim)
            except _Away as away:
                self._pause(away, pause)
                pause = min(5.0, pause * 2)
            except _Refused as refusal:
                if refusal.name in ("worker-not-found", "worker-retired"):
                    _log.warning("the server does not know this worker any more; registering anew")
                    self._register()
                else:
                    raise HoldfastError(str(refusal)) from None

    def _begin(self, claim):
        scan = Scan(self, claim)
        with self._lock:
            self._scans[(scan.id, scan.token)] = scan
        # At once: from here on the lease is counted from before a beat, and not from when its claim came.
        self._beat.set()
        threading.Thread(
            target=self._work, args=(scan,), name="scan %d" % scan.number, daemon=True).start()

    def _work(self, scan):
        scan._thread = threading.get_native_id()
        try:
            end = self._run_handler(scan)
            if end is not None:
                self._deliver_end(scan, end)
        finally:
            with self._lock:
                self._scans.pop((scan.id, scan.token), None)
                self._lock.notify_all()

    def _run_handler(self, scan):
        """How it ended: the last message, or what is to be said with its release; None where nobody wants to know."""
        try:
            result = self.kinds[scan.kind](scan)
        except Stopped:
            return {"reason": "drained"}
        except TryAgain as error:
            return {"reason": "crashed", "message": str(error) or "it asked to be tried again"}
        except Exception as error:
            _log.exception("scan %d failed", scan.number)
            return {"type": "finished", "outcome": "failed",
                    "error": "%s: %s" % (type(error).__name__, error)}
        if scan.stop_reason == "superseded":
            return None
        if scan._noticed and result is None:
            return {"reason": "drained"}
        end = {"type": "finished", "outcome": "completed"}
        if isinstance(result, dict):
            end["summary"] = result
        elif result is not None:
            end["message"] = str(result)
        return end

    def _deliver_end(self, scan, end):
        if "type" in end:
            scan._say(end)
        # First all that was reported, in its order.
        while not scan._is_delivered() and not self._is_given_up(scan):
            self._flush.set()
            with scan._lock:
                scan._lock.wait(timeout=0.5)
        if "type" in end or scan.stop_reason == "superseded":
            return
        release = dict(end, scan_id=scan.id, token=scan.token, sequence=scan._sequence + 1)
        if scan._order is not None:
            release["order"] = scan._order
        pause = 0.2
        while not self._is_given_up(scan):
            try:
                self._server.call("POST", self._path("/release"), release)
                return
            except _Refused as refusal:
                if refusal.name != "lease-superseded":
                    _log.error("scan %d could not be given back: %s", scan.number, refusal)
                return
            except _Away as away:
                self._pause(away, pause)
                pause = min(5.0, pause * 2)

    def _is_given_up(self, scan):
        """Long after its lease has run out, somebody else sees to it; a worker that ends waits less."""
        patience = 30.0 if self._stopping.is_set() else 10 * scan._stale_after
        return time.monotonic() - scan._renewed > patience

    # Renewing

    def _beat_loop(self):
        while not self._over.is_set():
            with self._lock:
                scans = [scan for scan in self._scans.values() if not scan._is_over]
            interval = min([self._interval] + [scan._interval for scan in scans])
            answered = self._beat_once(scans, timeout=max(2.0, min(10.0, interval)))
            self._guard(scans)
            if self._stopping.is_set():
                for scan in scans:
                    if scan.stop_reason is None:
                        scan._stop("drain")
            self._beat.wait(interval if answered else min(5.0, interval / 4))
            self._beat.clear()

    def _beat_once(self, scans, timeout):
        sent = time.monotonic()
        active = [scan for scan in scans if scan._is_active]
        body = {"running": len(scans),
                "scans": [{"scan_id": scan.id, "token": scan.token, "active": scan in active}
                          for scan in scans]}
        try:
            answer = self._server.call("POST", self._path("/heartbeat"), body, timeout=timeout)
        except _Away as away:
            _log.warning("the server does not answer a heartbeat: %s", away)
            return False
        except _Refused as refusal:
            if refusal.name != "lease-superseded":
                _log.warning("the server refuses a heartbeat: %s", refusal)
                return False
            answer = refusal.problem
        for scan in active:
            scan._is_active = False
        for scan, standing in zip(scans, answer.get("scans", [])):
            stops = [m for m in standing["messages"] if m["type"] == "stop"]
            if not stops or stops[0]["reason"] != "superseded":
                scan._renewed = max(scan._renewed, sent)
            if stops:
                scan._stop(stops[0]["reason"], standing.get("order"))
        return True

    def _guard(self, scans):
        """A scan whose lease may be given away soon stops while it surely is this worker's."""
        now = time.monotonic()
        for scan in scans:
            if now - scan._renewed > scan._stale_after - scan._interval and not scan._is_over:
                scan._stop("drain")

    # Watching

    def _watch_loop(self):
        """Looks at what its scans do, and whether one is silent for longer than scans like it ever are."""
        pause = 0.25
        while not self._over.wait(pause):
            with self._lock:
                scans = [scan for scan in self._scans.values() if not scan._is_over]
            pause = min([5.0, self._interval] + [max(0.25, scan._interval) for scan in scans])
            try:
                for scan in scans:
                    self._look(scan)
                self._rhythms.refresh(self._server, "/api/v1/workers/" + self._id)
            except Exception:
                # Nobody is worse off without it than with a worker that ends.
                _log.exception("the scans could not be looked at")

    def _look(self, scan):
        has_moved = scan._activity.has_moved(self._threads(scan))
        if has_moved is not None:
            scan._watch.sampled(has_moved)
            scan._is_active = scan._is_active or has_moved
        doubt = scan._watch.judge(self._rhythms.of(scan.kind, scan._watch.rate), scan.target)
        if doubt is not None:
            scan._doubt(doubt)

    def _threads(self, scan):
        """Where one scan runs at a time, all that are not the worker's own are its."""
        if self.slots > 1:
            return [] if scan._thread is None else [scan._thread]
        try:
            return [int(name) for name in os.listdir("/proc/self/task")
                    if int(name) not in self._own_threads]
        except OSError:
            return []

    # Reporting

    def _flush_loop(self):
        pause = 0.2
        while True:
            # A moment in which more of it comes together.
            self._flush.wait(1.0)
            self._flush.clear()
            if self._over.is_set():
                return
            time.sleep(0.05)
            try:
                while self._flush_once():
                    pause = 0.2
            except _Away as away:
                _log.warning("the server does not take reports; they are kept: %s", away)
                self._pause(away, pause, self._over)
                pause = min(5.0, pause * 2)
                self._flush.set()

    def _flush_once(self):
        """Sends one report of each scan; whether there was any."""
        with self._lock:
            scans = list(self._scans.values())
        pending = [(scan, scan._next_report()) for scan in scans]
        pending = [(scan, report) for scan, report in pending if report is not None]
        if not pending:
            return False
        if len(pending) > 1 and sum(len(json.dumps(r)) for _, r in pending) > 8 * _MOST_BATCH_BYTES:
            pending = pending[:1]
        try:
            answer = self._server.call(
                "POST", self._path("/reports"), {"reports": [report for _, report in pending]})
        except _Refused as refusal:
            if refusal.name != "lease-superseded":
                return self._refused(pending, refusal)
            answer = refusal.problem
        for (scan, _), outcome in zip(pending, answer["outcomes"]):
            scan._sent(outcome)
        return True

    def _refused(self, pending, refusal):
        """One report that cannot be taken does not keep the others from being."""
        if len(pending) > 1:
            for scan, report in pending:
                try:
                    answer = self._server.call(
                        "POST", self._path("/reports"), {"reports": [report]})
                    scan._sent(answer["outcomes"][0])
                except _Refused as own:
                    self._drop(scan, report, own)
            return True
        self._drop(pending[0][0], pending[0][1], refusal)
        return True

    @staticmethod
    def _drop(scan, report, refusal):
        if refusal.name == "lease-superseded":
            return scan._stop("superseded")
        scan._refusals += 1
        if scan._refusals > 3:
            _log.error("the server takes no report of scan %d; it is given up", scan.number)
            return scan._stop("superseded")
        _log.error("the server refused a report of scan %d, which is lost: %s", scan.number, refusal)
        instead = [
            {"type": "item_errors", "errors": [
                {"path": "", "type": "report_refused", "message": str(refusal)}]}]
        instead += [message for message in report["messages"] if message["type"] == "finished"]
        with scan._lock:
            scan._in_flight = None
            scan._waiting[:0] = [(message, 200) for message in instead]
            scan._waiting_bytes += 200 * len(instead)
            scan._lock.notify_all()

    # Signals

    def _signal_loop(self):
        """Beats as soon as an operator wants something, rather than at the next beat."""
        while not self._over.is_set():
            try:
                with self._server.open("GET", self._path("/signals"), timeout=20.0) as lines:
                    for line in lines:
                        if self._over.is_set():
                            return
                        if b'"control"' in line:
                            self._beat.set()
            except (_Away, _Refused, OSError, ValueError):
                # Heartbeats learn of it, only later.
                pass
            self._over.wait(2.0)

    # Ending

    def _drain(self):
        self._stopping.set()
        self._beat.set()
        with self._lock:
            self._lock.wait_for(lambda: not self._scans)

    def _retire(self):
        try:
            self._server.call("DELETE", "/api/v1/workers/" + self._id, timeout=5.0)
        except (_Away, _Refused) as error:
            _log.warning("the worker could not sign off: %s", error)

    def _path(self, rest):
        return "/api/v1/workers/" + self._id + rest

    def _pause(self, away, seconds, until=None):
        _log.warning("the server does not answer; trying again: %s", away)
        (until or self._stopping).wait(away.seconds if away.seconds is not None else seconds)
