"""The protocol of lib/publish and lib/store as a transition system.

One process, its database, one cluster. Inputs 0..N-1 are consumed in order;
each becomes pending (somebody has to answer), then a row of the outbox with a
number, then a record. A step is whatever can be told apart by a crash or by
another step: one SQLite transaction, one record sent, one request, one answer.

Faults are spent from a budget. `rules` is the set of rules that are broken;
the empty set is the protocol as it is built.
"""

from typing import NamedTuple, Optional

N = 2
FAULTS = ("crash", "power", "restore", "swap", "fresh", "expire", "lose", "delay", "torn", "full", "again",
          "timeout", "blind")

READY, BOOT, FENCED, OPEN, SENT, REFUSED = "ready", "boot", "fenced", "open", "sent", "refused"


class Db(NamedTuple):
    uuid: int
    off: int      # first input not consumed
    pend: tuple   # consumed, not answered
    out: tuple    # (seq, input): durable, perhaps not published
    nxt: int      # next number
    epoch: int
    acked: int    # proven published
    dirty: bool   # an outcome was unknown
    lives: tuple  # which processes may have published for it


class Kafka(NamedTuple):
    log: tuple                 # committed (uuid, seq, input), sorted
    meta: Optional[tuple]      # (uuid, epoch, seq, life) beside the group's offsets
    epoch: int                 # of the producer
    txn: Optional[tuple]       # operations of the open transaction, in order
    delayed: Optional[int]     # an EndTxn(commit) of that epoch is still on its way
    before: Optional[tuple]    # (log, meta) before the last commit, for a cluster that forgets


class Process(NamedTuple):
    phase: str
    epoch: int
    off: int          # what memory believes was consumed
    sent: int         # rows up to here were committed by this life, as it believes
    held: Optional[tuple]
    todo: tuple       # operations of this transaction not yet sent
    last: tuple       # (epoch, seq) of the transaction
    unseen: bool      # the last commit was not read back yet
    read: object      # metadata read before fencing (a broken rule)
    running: bool     # resolved once: inputs are read
    created: bool     # this start made the database
    life: int         # its own
    inherited: tuple  # (epoch, life) that Kafka held when it resolved


class State(NamedTuple):
    v: Db                  # as a process would find it
    d: Db                  # as it is after a power loss
    backup: Optional[Db]
    k: Kafka
    p: Optional[Process]
    made: bool             # the database file exists
    cause: bool            # something happened that justifies a refusal
    starts: int
    budget: tuple


NOBODY = "nothing read"


def fresh_db(uuid):
    return Db(uuid, 0, (), (), 1, 0, 0, False, ())


def initial(budget):
    k = Kafka((), None, 0, None, None, None)
    return State(fresh_db(1), fresh_db(1), None, k, None, False, False, 0,
                 tuple(budget.get(f, 0) for f in FAULTS))


def has(s, fault):
    return s.budget[FAULTS.index(fault)] > 0


def spend(s, fault):
    i = FAULTS.index(fault)
    return s._replace(budget=s.budget[:i] + (s.budget[i] - 1,) + s.budget[i + 1:])


def commit_db(s, v, rules):
    """One SQLite transaction: with synchronous=FULL it is on the disk."""
    return s._replace(v=v, d=s.d if "full sync" in rules else v)


def apply_ops(k, ops):
    log = list(k.log)
    meta = k.meta
    for op in ops:
        if op[0] == "row":
            log.append(op[1:])
        else:
            meta = op[1:]
    before = (k.log, k.meta) if k.before is not None else None
    return k._replace(log=tuple(sorted(log)), meta=meta, txn=None, before=before)


# ---- the loop: epochs ----


def epochs(s, rules):
    v, p = s.v, s.p
    if not p.running or p.phase == REFUSED:
        return
    if p.off < N:
        i = p.off
        took = v._replace(off=i + 1, pend=v.pend + (i,), epoch=v.epoch + 1)
        yield "epoch: input %d taken" % i, commit_db(s, took, rules)._replace(p=p._replace(off=i + 1))
        if has(s, "full"):
            memory = p._replace(off=i + 1) if "no cache survives a rollback" in rules else p
            yield "epoch: disk full, rolled back", spend(s, "full")._replace(p=memory)
        if has(s, "crash") and "one transaction, offsets first" in rules:
            half = commit_db(s, v._replace(off=i + 1, epoch=v.epoch + 1), rules)
            yield "kill -9 between offsets and rows", spend(half, "crash")._replace(p=None)
        if has(s, "crash") and "one transaction, rows first" in rules:
            half = commit_db(s, v._replace(pend=v.pend + (i,), epoch=v.epoch + 1), rules)
            yield "kill -9 between rows and offsets", spend(half, "crash")._replace(p=None)
    if p.off > 0 and has(s, "again"):
        i = p.off - 1
        twice = spend(s, "again")
        if "drop below next" in rules:
            twice = commit_db(twice, v._replace(pend=v.pend + (i,), epoch=v.epoch + 1), rules)
        yield "input %d is delivered again" % i, twice
    for i in sorted(set(v.pend)):
        pend = list(v.pend)
        pend.remove(i)
        seq = v.nxt
        if "numbers are never reused" in rules:
            seq = max((q for q, _ in v.out), default=0) + 1
        done = v._replace(pend=tuple(pend), out=v.out + ((seq, i),), nxt=max(v.nxt, seq + 1),
                          epoch=v.epoch + 1)
        yield "epoch: answer for %d is row %d" % (i, seq), commit_db(s, done, rules)
    if s.d != v:
        yield "the disk catches up", s._replace(d=v)


# ---- the committer: transactions ----


def mark(s):
    """What Kafka shows when it shows our last transaction."""
    epoch, seq = s.p.held
    return s.v.uuid, epoch, seq, life_of(s.p, epoch)


def life_of(p, epoch):
    return p.inherited[1] if p.inherited[1] and epoch == p.inherited[0] else p.life



def begin(s, rules):
    v, p = s.v, s.p
    rows = [r for r in v.out if r[0] > p.sent]
    if not rows:
        return
    # What the next transaction writes hides whether the one before was whole.
    if p.unseen and "see each commit" not in rules:
        if s.k.meta == mark(s):
            yield "the last commit is seen", s._replace(p=p._replace(unseen=False))
        else:
            yield "the last commit is not there", unknown(s, rules)
        return
    ops = [("row", v.uuid) + r for r in rows]
    end = [("offsets", v.uuid, v.epoch, rows[-1][0], life_of(p, v.epoch))]
    todo = tuple(end + ops if "rows first" in rules else ops + end)
    yield "begin, rows %s" % [r[0] for r in rows], s._replace(
        p=p._replace(phase=OPEN, todo=todo, last=(v.epoch, rows[-1][0])))


def fenced(s, rules):
    return "fenced", unknown(s, rules)


def unknown(s, rules):
    """Whatever was not plainly fine: remember it, give the producer up."""
    p = s.p._replace(phase=BOOT, todo=(), read=NOBODY)
    v = s.v if "dirty is durable" in rules else s.v._replace(dirty=True)
    return commit_db(s, v, rules)._replace(p=p)


def send(s, rules):
    p, k = s.p, s.k
    if p.epoch != k.epoch:
        yield fenced(s, rules)
        return
    op = p.todo[0]
    yield "send %s" % (op,), s._replace(
        k=k._replace(txn=(k.txn or ()) + (op,)),
        p=p._replace(todo=p.todo[1:], phase=OPEN if len(p.todo) > 1 else SENT))


def committed(s, rules):
    """The process takes the transaction for committed."""
    v, p = s.v, s.p
    p = p._replace(phase=READY, sent=p.last[1], held=p.last, unseen=True)
    if "delete on evidence" in rules:
        v = v._replace(out=tuple(r for r in v.out if r[0] > p.sent), acked=max(v.acked, p.sent))
        s = commit_db(s, v, rules)
    return s._replace(p=p)


def timed_out(s, rules):
    """The caller's side of an EndTxn without an answer."""
    if "a timeout is not a failure" in rules:
        k = s.k._replace(txn=None) if s.p.epoch == s.k.epoch else s.k
        return s._replace(k=k, p=s.p._replace(phase=READY))
    if "a timeout is not a success" in rules:
        return committed(s, rules)
    after = unknown(s, rules)
    if "a new producer" in rules:
        after = after._replace(p=after.p._replace(phase=FENCED))
    return after


def end(s, rules):
    p, k = s.p, s.k
    if p.epoch != k.epoch:
        yield fenced(s, rules)
        return
    done = s._replace(k=apply_ops(k, k.txn or ()))
    yield "EndTxn: committed", committed(done, rules)
    if has(s, "delay"):
        t = spend(s, "delay")
        d = spend(done, "delay")
        yield "EndTxn: committed, answer lost", timed_out(d, rules)
        yield "EndTxn: lost", timed_out(t, rules)
        if k.delayed is None:
            yield "EndTxn: delayed", timed_out(t._replace(k=k._replace(delayed=p.epoch)), rules)
            twice = d._replace(k=d.k._replace(delayed=p.epoch))
            yield "EndTxn: repeated, a copy is on its way", (
                committed(twice, rules) if "repeated is unknown" in rules else unknown(twice, rules))
    if has(s, "torn"):
        for n in range(len(k.txn or ())):
            torn = spend(s, "torn")._replace(k=apply_ops(k, k.txn[:n]))
            yield "EndTxn: committed, but only %d operations are" % n, committed(torn, rules)


def confirm(s, rules):
    """Evidence, or the lack of it."""
    v, p, k = s.v, s.p, s.k
    if not p.held or p.held[1] <= v.acked:
        return
    if k.meta == mark(s):
        seq = p.held[1]
        v = v._replace(out=tuple(r for r in v.out if r[0] > seq), acked=seq)
        yield "evidence up to row %d" % seq, commit_db(s, v, rules)._replace(p=p._replace(unseen=False))
    else:
        yield "no evidence", unknown(s, rules)


# ---- recovery ----


def refuse(s, why):
    return "refuse: " + why, s._replace(p=s.p._replace(phase=REFUSED))


def decide(s, m, rules):
    """resolve_decide() and what recover.c does with it."""
    v, k = s.v, s.k
    virgin = v.epoch == 0
    if m and m[0] != v.uuid and "compare the uuid" not in rules:
        return refuse(s, "foreign")
    if m and (m[1] > v.epoch or m[2] >= v.nxt) and "compare epoch and seq" not in rules:
        return refuse(s, "older copy")
    if m and v.lives and m[3] not in v.lives and "know who published" not in rules:
        return refuse(s, "published by a stranger")
    if m and m[2] < v.acked and "notice a Kafka that forgot" not in rules:
        return refuse(s, "Kafka lost data")
    found = set()
    scans = not m or v.dirty or v.out
    if virgin:
        scans = not s.p.created and "look when empty but not new" not in rules
    if "scan the outputs" in rules or ("scan when unsure" in rules and m):
        scans = False
    if scans:
        # Only the topics of rows that wait, when nothing is in doubt.
        topics = {i % 2 for _, i in v.out} if m and not v.dirty else {0, 1}
        seen = {(q, i) for u, q, i in k.log if u == v.uuid and i % 2 in topics}
        found = {q for q, _ in seen}
        if found and max(found) >= v.nxt and "compare epoch and seq" not in rules:
            return refuse(s, "the outputs are ahead")
        if any(dict(v.out).get(q, i) != i for q, i in seen) and "compare the ids" not in rules:
            return refuse(s, "another result under our number")
    upto = m[2] if m else 0
    out = tuple(r for r in v.out if r[0] > upto and r[0] not in found)
    v = v._replace(out=out, acked=max(v.acked, upto), dirty=False, lives=(m[3] if m else 0, s.p.life))
    p = s.p._replace(phase=READY, sent=0, held=m[1:3] if m else None, unseen=False, running=True, off=v.off
                     if not s.p.running else s.p.off, inherited=(m[1], m[3]) if m else (0, 0))
    return "resolved, metadata %s" % (m,), commit_db(s, v, rules)._replace(p=p)


def resolve(s, rules):
    p, k = s.p, s.k
    if p.phase == BOOT:
        if "fence, then read" in rules and p.read == NOBODY:
            yield "read metadata %s, before fencing" % (k.meta,), s._replace(p=p._replace(read=k.meta))
            return
        k = k._replace(epoch=k.epoch + 1, txn=None)
        yield "init_transactions", s._replace(k=k, p=p._replace(phase=FENCED, epoch=k.epoch))
        return
    m = p.read if p.read != NOBODY else k.meta
    yield decide(s._replace(p=p._replace(read=NOBODY)), m, rules)
    if has(s, "blind"):
        blind = spend(s, "blind")
        if "an error is not an absence" in rules:
            yield decide(blind, None, rules)
        else:
            yield "the offsets cannot be read: again", blind


# ---- the world ----


def crashes(s, rules):
    v, d, p = s.v, s.d, s.p
    if p is None:
        return
    if "pending is durable" in rules:
        v, d = v._replace(pend=()), d._replace(pend=())
    if has(s, "crash"):
        yield "kill -9", spend(s, "crash")._replace(v=v, d=d, p=None)
    if has(s, "power"):
        yield "POWER LOSS", spend(s, "power")._replace(v=d, d=d, p=None)


def operator(s):
    if (has(s, "restore") or has(s, "swap")) and s.made and s.backup is None:
        yield "a backup is taken", s._replace(backup=s.d)
    if s.p is not None:
        return
    if has(s, "restore") and s.backup is not None and s.backup != s.v:
        yield "THE BACKUP IS PUT BACK", spend(s, "restore")._replace(v=s.backup, d=s.backup, cause=True)
    if has(s, "swap") and s.backup is not None and s.backup != s.v:
        yield "THE COPY AND THE DATABASE CHANGE PLACES", spend(s, "swap")._replace(
            v=s.backup, d=s.backup, backup=s.d, cause=True)
    if has(s, "fresh") and s.made:
        f = fresh_db(s.v.uuid + 1)
        yield "THE DATABASE IS DELETED", spend(s, "fresh")._replace(v=f, d=f, made=False, cause=True)


def cluster(s):
    k = s.k
    if k.delayed is not None:
        if k.delayed == k.epoch and k.txn:
            yield "the delayed EndTxn commits what is open", s._replace(
                k=apply_ops(k, k.txn)._replace(delayed=None))
        else:
            yield "the delayed EndTxn is refused", s._replace(k=k._replace(delayed=None))
    if has(s, "timeout") and k.txn:
        yield "the transaction takes too long", spend(s, "timeout")._replace(
            k=k._replace(txn=None, epoch=k.epoch + 1))
    if has(s, "expire") and k.meta:
        yield "THE OFFSETS EXPIRE", spend(s, "expire")._replace(k=k._replace(meta=None))
    if has(s, "lose") and s.p is None and k.before is not None and k.before != ((), None):
        yield "KAFKA COMES BACK without the last commit", spend(s, "lose")._replace(
            k=k._replace(log=k.before[0], meta=k.before[1]), cause=True)


def start(s):
    life = s.starts + 1
    p = Process(BOOT, 0, s.v.off, 0, None, (), (0, 0), False, NOBODY, False, not s.made, life, (0, 0))
    return "start", s._replace(p=p, made=True, starts=life)


def successors(s, rules):
    if s.p is None:
        yield start(s)
    else:
        phase = s.p.phase
        yield from epochs(s, rules)
        if phase == READY:
            yield from begin(s, rules)
            yield from confirm(s, rules)
        elif phase == OPEN:
            yield from send(s, rules)
        elif phase == SENT:
            yield from end(s, rules)
        elif phase in (BOOT, FENCED):
            yield from resolve(s, rules)
        yield from crashes(s, rules)
    yield from operator(s)
    yield from cluster(s)


# ---- what must hold ----


def settled(s):
    """Everything was taken, answered, sent and proven, and nothing is on its way."""
    return (s.p is not None and s.p.phase == READY and s.p.off == N and not s.v.pend and not s.v.out
            and not s.k.txn and s.k.delayed is None)


def violation(s):
    counts = [0] * N
    for _, _, i in s.k.log:
        counts[i] += 1
    for i in range(N):
        if counts[i] > 1:
            return "result %d is there twice" % i
        if counts[i] == 0 and settled(s):
            return "result %d is lost" % i
    if s.p is not None and s.p.phase == REFUSED and not s.cause:
        return "refused without a cause"
    return None
