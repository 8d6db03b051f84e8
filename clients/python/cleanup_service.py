"""The functions of a scraping system's auto-cleanup, kept by Holdfast.

    from cleanup_service import check_portal_resume, cleanup_run

    check = check_portal_resume("tenders")      # what is to be done before a new run
    if check["action"] == "cleanup":
        cleanup_run(check["run_id"])

They call the `holdfast` command (HOLDFAST names another path), with the database and the settings
that its environment and holdfast.yaml name: any that a server or a worker uses. Where HOLDFAST_SERVER
has the address of a server, they ask that one over HTTP instead, with the token of an operator from the
file that HOLDFAST_TOKEN_FILE names.
"""

import json
import os
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

__all__ = [
    "HoldfastError", "StuckAuditPrevention", "check_portal_resume", "cleanup_if_needed",
    "cleanup_run", "get_stuck_run_count", "get_stuck_run_summary",
]

_NOT_YET = 75


class HoldfastError(RuntimeError):
    """What `holdfast` or a server refused, in its own words."""


class _PlanMoved(HoldfastError):
    """What is stuck is not any more what it was a moment ago."""


def _server():
    return (os.environ.get("HOLDFAST_SERVER") or "").rstrip("/")


def _ask(path, body=None):
    """A call of the server's API: GET, or POST with a body."""
    with open(os.environ["HOLDFAST_TOKEN_FILE"], encoding="utf-8") as file:
        token = file.read().strip()
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(_server() + "/api/v1/" + path, data=data)
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        text = error.read().decode("utf-8", "replace")
        try:
            problem = json.loads(text)
        except ValueError:
            problem = {}
        kind = HoldfastError
        if str(problem.get("type", "")).endswith("/plan-moved"):
            kind = _PlanMoved
        raise kind(problem.get("detail") or text or str(error)) from None
    except urllib.error.URLError as error:
        raise HoldfastError("the server does not answer: %s" % error.reason) from None


def _holdfast(*arguments, accept=(0,)):
    command = [os.environ.get("HOLDFAST") or "holdfast", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in accept:
        raise HoldfastError(done.stderr.strip() or "holdfast ended with %d" % done.returncode)
    return json.loads(done.stdout) if done.stdout.strip() else {}


def check_portal_resume(portal_name, kind="portal"):
    """What is to be done before a new run of a portal: `action` is start, resume, cleanup or wait;
    `has_running`, `run_id` and `reason` say of which run, and why."""
    if _server():
        return _ask("check?" + urllib.parse.urlencode({"kind": kind, "target": portal_name}))
    return _holdfast("check", kind, portal_name, accept=(0, _NOT_YET))


def cleanup_run(run_id, reason="Timeout - Auto-cleaned"):
    """Marks a run as failed, ending its process first where there is one. What it found is kept.
    Returns whether that was done or is under way; False where the run has ended already."""
    try:
        if _server():
            _ask("scans/%s/fail" % urllib.parse.quote(str(run_id), safe=""), {"reason": reason})
        else:
            _holdfast("fail", str(run_id), "--reason", reason)
    except HoldfastError:
        return False
    return True


def get_stuck_run_summary(age_hours=None, kind=None):
    """`total_stuck`, `resumable_count`, `dead_count`, `resumable_runs` and `dead_runs`."""
    if _server():
        return _ask("plans", _wish(age_hours, kind))
    return _holdfast("cleanup", "--dry-run", *_filters(age_hours, kind))


def get_stuck_run_count(age_hours=None, kind=None):
    """How many runs are stuck."""
    return get_stuck_run_summary(age_hours, kind)["total_stuck"]


def cleanup_if_needed(age_hours=None, kind=None):
    """Does about stuck runs what their policies say: those that can go on are resumed, dead ones
    fail. Returns how many there were."""
    for _ in range(5):
        plan = get_stuck_run_summary(age_hours, kind)
        count = plan["total_stuck"]
        if not count:
            return 0
        if not _server():
            _holdfast("cleanup", "--auto", *_filters(age_hours, kind))
            return count
        try:
            _ask("plans/%s/apply" % plan["hash"], _wish(age_hours, kind))
            return count
        except _PlanMoved:
            continue
    raise HoldfastError("what is stuck changes all the time; try again")


def _wish(age_hours, kind):
    wish = {"min_age_hours": age_hours, "kind": kind}
    return {name: value for name, value in wish.items() if value is not None}


def _filters(age_hours, kind):
    filters = []
    if age_hours is not None:
        filters += ["--age-hours", str(age_hours)]
    if kind is not None:
        filters += ["--kind", kind]
    return filters


class StuckAuditPrevention:
    """Keeps a worker's audits from being stuck, as the class of that name did. A Holdfast server or
    worker does all of it by itself; this is for a program that has neither."""

    def __init__(self, interval_seconds=60, kind=None):
        self.interval_seconds = interval_seconds
        self.kind = kind
        self._stop = threading.Event()
        self._monitor = None

    def cleanup_stuck_audits_on_startup(self):
        """Recovers what is stuck now. What lives is not touched, whoever started it."""
        return cleanup_if_needed(kind=self.kind)

    def start_heartbeat_monitor(self):
        """Looks for stuck audits every `interval_seconds`, on a thread of its own."""
        if self._monitor is None:
            self._monitor = threading.Thread(target=self._watch, name="holdfast", daemon=True)
            self._monitor.start()

    def stop(self):
        self._stop.set()
        if self._monitor is not None:
            self._monitor.join()
            self._monitor = None

    def _watch(self):
        while not self._stop.wait(self.interval_seconds):
            try:
                self._heartbeat_cleanup()
            except (HoldfastError, OSError):
                # The database may be away; the next look comes.
                continue

    def _heartbeat_cleanup(self):
        return cleanup_if_needed(kind=self.kind)

    def _recover_stuck_audit(self, audit_id):
        return cleanup_run(audit_id)
