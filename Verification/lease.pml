/*
 * The lifecycle and the lease protocol, for an exhaustive search of every interleaving (spin).
 *
 * Two workers, two scans, one sweeper, an operator, and a network that delivers late, twice, or after its sender has died.
 * Time is a flag: at any moment a running scan's heartbeat may become stale, so that whatever holds here holds for every
 * choice of limits, every pause of a process and every step of a clock.
 *
 * What the model says of the product:
 *   DB_* inlines      the store's statements: each is one transaction, and repeats its whole predicate
 *   worker            claim, heartbeat, progress and result, each bearing the lease's token; a crash forgets everything
 *   sweeper           plans from what it reads, applies later: the row may have moved in between
 *   operator          cancels, and retries what has failed, once each
 *
 * Broken variants, each of which must be found (see scripts/model-check):
 *   -DBROKEN_FENCE    a result is applied by the scan's id alone
 *   -DBROKEN_SWEEP    a recovery is applied by the scan's id and status alone
 *   -DBROKEN_CLAIM    a claim does not look at the status again
 *   -DBROKEN_TOKEN    a claim hands out the same token as before
 *   -DBROKEN_SCOPE    a retry does not ask whether the exclusive scope is held
 *   -DBROKEN_CAP      crashes are not counted: the crash loop never ends
 *
 * -DWITHOUT_OPERATOR leaves the operator out, for the search that asks whether everything ends.
 */

#define SCANS 2
#define WORKERS 2
#define MAX_CRASHES 1
#define NOBODY 255

mtype = { pending, running, completed, failed, cancelled };
mtype = { beat, result };

typedef Scan {
  mtype status;
  byte token;        /* of the newest lease ever given */
  byte attempt;      /* what the token stands for; only assertions look at it */
  bool stale;        /* the database's clock says that the heartbeat is overdue */
  byte recoveries;   /* crashes and stuck attempts: capped */
  bool hasResult;    /* a result has been applied since the submission or the last retry */
};
Scan scan[SCANS];

chan network = [2] of { mtype, byte, byte, byte };
/* One death at most: a second one only repeats what the first has shown. */
bool hasDied = false;

#define active(s) (scan[s].status == pending || scan[s].status == running)
#define terminal(s) (!active(s))

/* Invariant 4: what the system does starts from an active scan. */
inline change(s, to) {
  assert(active(s));
  scan[s].status = to
}

inline DB_claim(s, mine, number) {
#ifdef BROKEN_CLAIM
  if
  :: active(s) ->
#else
  if
  :: scan[s].status == pending ->
#endif
    assert(scan[s].status == pending);
    change(s, running);
#if defined(BROKEN_CAP)
    /* Without a cap there is no largest token: they go round here, so that an endless crash loop is a cycle. */
    scan[s].token = 1 + scan[s].token % 3;
    scan[s].attempt = scan[s].token;
#elif defined(BROKEN_TOKEN)
    scan[s].attempt++;
#else
    scan[s].token++;
    scan[s].attempt++;
#endif
    scan[s].stale = false;
    mine = scan[s].token;
    number = scan[s].attempt
  :: else -> mine = 0
  fi
}

/* The writes of an attempt. */
inline DB_beat(s, t) {
  if
  :: scan[s].status == running && scan[s].token == t -> scan[s].stale = false
  :: else -> skip
  fi
}

inline DB_result(s, t, number) {
#ifdef BROKEN_FENCE
  if
  :: scan[s].status == running ->
#else
  if
  :: scan[s].status == running && scan[s].token == t ->
#endif
    /* Invariant 3: a superseded token changes nothing. */
    assert(scan[s].attempt == number);
    /* Invariant 6, in small: one attempt's result, once. */
    assert(!scan[s].hasResult);
    scan[s].hasResult = true;
    change(s, completed)
  :: else -> skip
  fi
}

inline DB_recover(s, t) {
#ifdef BROKEN_SWEEP
  if
  :: scan[s].status == running ->
#else
  if
  :: scan[s].status == running && scan[s].token == t && scan[s].stale ->
#endif
    /* Invariant 8: what beats on time is never recovered. */
    assert(scan[s].stale && scan[s].token == t);
    if
    :: scan[s].recoveries >= MAX_CRASHES -> change(s, failed)
    :: else ->
#ifndef BROKEN_CAP
      scan[s].recoveries++;
#endif
      change(s, pending)
    fi;
    scan[s].stale = false
  :: else -> skip
  fi
}

proctype worker(byte me) {
  byte s = NOBODY;
  byte token = 0;
  byte attempt = 0;
  bool sent = false;

idle:
  do
  :: atomic { s == NOBODY && scan[0].status == pending -> s = 0; DB_claim(0, token, attempt) };
    if :: token == 0 -> s = NOBODY :: else -> goto busy fi
  :: atomic { s == NOBODY && scan[1].status == pending -> s = 1; DB_claim(1, token, attempt) };
    if :: token == 0 -> s = NOBODY :: else -> goto busy fi
#ifdef BROKEN_CLAIM
  :: atomic { s == NOBODY && scan[0].status == running -> s = 0; DB_claim(0, token, attempt) }; goto busy
#endif
  :: s == NOBODY && terminal(0) && terminal(1) -> goto finished
  od;

busy:
  sent = false;
  if
  :: nfull(network) -> network ! beat, s, token, attempt
  :: skip
  fi;
  if
  :: nfull(network) -> network ! result, s, token, attempt; sent = true
  :: atomic { !hasDied -> hasDied = true } /* kill -9: what it sent is still on its way */
  fi;
  /* An acknowledgement that was lost: the same result once more. */
  if
  :: sent && nfull(network) -> network ! result, s, token, attempt
  :: skip
  fi;
  s = NOBODY;
  token = 0;
  attempt = 0;
  goto idle;

finished:
  skip
}

/* Delivers in any order: either of the two that are on their way. */
proctype deliver() {
  mtype kind;
  byte s;
  byte t;
  byte a;
end:
  do
  :: atomic {
      if
      :: network ? kind, s, t, a
      :: len(network) == 2 ->
        network ? kind, s, t, a; network ! kind, s, t, a; network ? kind, s, t, a
      fi;
      if
      :: kind == beat -> DB_beat(s, t)
      :: kind == result -> DB_result(s, t, a)
      fi;
      s = 0; t = 0; a = 0; kind = beat
    }
  od
}

proctype clock() {
end:
  do
  :: atomic { scan[0].status == running && !scan[0].stale -> scan[0].stale = true }
  :: atomic { scan[1].status == running && !scan[1].stale -> scan[1].stale = true }
  od
}

proctype sweeper() {
  byte s;
  byte t;
end:
  do
  :: atomic { scan[0].status == running && scan[0].stale -> s = 0; t = scan[0].token };
    atomic { DB_recover(s, t); s = 0; t = 0 }
  :: atomic { scan[1].status == running && scan[1].stale -> s = 1; t = scan[1].token };
    atomic { DB_recover(s, t); s = 0; t = 0 }
  od
}

proctype operator() {
  if
  :: atomic { active(1) -> change(1, cancelled) }
  :: skip
  fi;
  if
  :: atomic {
      scan[1].status == failed || scan[1].status == cancelled ->
      if
#ifndef BROKEN_SCOPE
      :: !active(0) ->
#else
      :: true ->
#endif
        scan[1].hasResult = false;
        scan[1].recoveries = 0;
        scan[1].status = pending;
        /* Invariant 2: one active scan in an exclusive scope. */
        assert(!active(0))
      :: else -> skip
      fi
    }
  :: skip
  fi
}

init {
  byte i;
  atomic {
    for (i : 0 .. SCANS - 1) {
      scan[i].status = pending;
      scan[i].token = 1
    }
    i = 0;
    run worker(0);
    run worker(1);
    run deliver();
    run clock();
    run sweeper();
#ifndef WITHOUT_OPERATOR
    run operator()
#endif
  }
}

/* Invariant 7: everything ends, whatever dies on the way. */
ltl ends { <> [] (terminal(0) && terminal(1)) }
