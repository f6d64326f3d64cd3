/* The revocation lease of nodes that share a store: LeaseKeeper, ChangeStamps, VerdictCache and isTrusted of the
   kernel, commit and receipt, and a primary with a synchronous standby that may take over.

   One key is revoked, and revoked again, on a node that is looked at or on another one, while the nodes let a client
   in with it. An entry that concerns nobody is written beside it, so that the log has an order to keep.

   Time is discrete, and nothing counts but how much of it has passed since something: it may stand still for as
   long as it likes between any two steps, and move on without end. Whatever has no deadline in the program has none
   here: a thread may stop anywhere, an answer may come late or never, and a poll may begin at any moment or not at
   all. That is why the notifications of the store need no part in this: one that comes makes a poll begin sooner,
   one that is lost makes it begin later.

   Nodes meet in the store alone, and nothing that one leaves there is read by another to decide a verdict. So one
   node stands for any number of them: what the others do to it is done by the node NODES, of which nothing is seen
   but its revocations. More are a way of checking that (`make model MODEL_NODES=2`).

   Promised is of every verdict that allows:
   - it is decided less than a lease after the revocation was acknowledged, on whatever node;
   - on a node on which a revocation has returned it was decided before that;
   - on a node that has confirmed the revocation, as receipts say, it was decided before anybody was told.

   `make model` searches every state. Then it plants one fault after another (FAULT_…, below) and expects each to
   be found, so that a promise which can't fail would be noticed. */

#ifndef NODES
#define NODES 1
#endif
#ifndef LEASE
#define LEASE 2            /* In ticks. */
#endif

#define BIT(p) (1 << (p))
#define HAS(set, p) (((set) & BIT(p)) != 0)

/* ---- The store: positions 1 and 2 of the signal log, and which entries are in it. ---- */

#define OTHER 1
#define REVOCATION 2
byte kind[3];              /* By position. */
byte last;                 /* The highest position that was given out. */
bool locked;               /* The advisory lock: from before a position is given out until it is visible. */
byte written;              /* Entries that the primary has in its write-ahead log. */
byte visible;              /* Those that it shows. */
byte copied;               /* Those that the standby has, and shows once it is the primary. */
bool promoted;

/* ---- What a node knows. Times are ticks since, LEASE being as good as for ever, or ticks left. ---- */

byte applied[NODES + 1];   /* Up to here it has applied the log. */
byte left[NODES + 1];      /* Of the lease. */
byte polling[NODES + 1];   /* Since the poll began that is under way. */
/* The verdict cache: whether the key is in it as active, with a stamp that is still current (ChangeStamps). Any
   other entry lets nobody in, and is as good as none. */
bool cached[NODES + 1];
bool uses[NODES + 1];      /* Whether the request that is under way goes by such an entry, */
byte reading[NODES + 1];   /* since when it reads the store, */
byte held[NODES + 1];      /* and what was left of the lease when it looked. */

/* ---- What was promised. ---- */

bool acknowledged;
byte since;                /* Ticks since the acknowledgement. */
bool returned[NODES + 1];  /* A revocation has returned on this node. */
bool confirmed[NODES + 1]; /* The store knows that the node has applied the revocation. */

#define OLDER(age) age = (age < LEASE -> age + 1 : LEASE)
#define SHORTER(rest) rest = (rest > 0 -> rest - 1 : 0)

proctype Time() {
  byte n;
end:
  do
  :: d_step {
      for (n : 0 .. NODES - 1) {
        SHORTER(left[n]);
        SHORTER(held[n]);
        OLDER(polling[n]);
        OLDER(reading[n])
      };
      n = 0;
      if
      :: acknowledged -> OLDER(since)
      :: else
      fi }
  od
}

/* What the server shows to whom it answers: the primary, which a standby may have become. */
inline ask(entries) {
  if
  :: !promoted -> entries = visible
  :: promoted -> entries = copied
#ifdef FAULT_TWO_PRIMARIES
  :: promoted -> entries = visible
#endif
  fi
}

#define revokedIn(entries) \
  ((HAS(entries, 1) && kind[1] == REVOCATION) || (HAS(entries, 2) && kind[2] == REVOCATION))

/* ChangeStamps.changed: whatever was read before is stale. One step, since who reads between the tick of its
   clock and the stamp in its slot is as one that reads after both. */
inline mark(n) {
  d_step {
#ifndef FAULT_NO_STAMP
    uses[n] = false;
#endif
    cached[n] = false
  }
}

inline acknowledge(n) {
  d_step {
    returned[n] = n < NODES;
    acknowledged = true
  }
}

/* A transaction on the primary: takes the lock, then its position, then commits; it is visible, and done, when
   the standby has it. One whose server was replaced meanwhile never hears of its outcome. */
inline commit(what) {
  atomic {
#ifndef FAULT_ORDER
    !locked -> locked = true;
#endif
    startedHere = !promoted; last++; position = last; kind[position] = what };
  if
  :: atomic { !promoted -> written = written | BIT(position) };
    if
#ifdef FAULT_ASYNCHRONOUS
    :: atomic { !promoted ->
#else
    :: atomic { !promoted && HAS(copied, position) ->
#endif
        visible = visible | BIT(position); locked = false; done = true }
    :: promoted
    fi
  :: atomic { promoted && !startedHere -> copied = copied | BIT(position); locked = false; done = true }
  :: promoted && startedHere
  fi
}

/* Any process that changes something else. */
proctype Other() {
  byte position; bool done; bool startedHere;
  commit(OTHER);
  d_step { position = 0; done = false; startedHere = false }
}

/* `revokeKey` (AuthKernel+Commit): marks whatever the outcome, and only then returns. */
proctype Revoke(byte n) {
  byte position; bool done; bool startedHere;
  commit(REVOCATION);
#ifdef FAULT_EARLY_ACKNOWLEDGEMENT
  if :: done -> acknowledge(n) :: else fi;
#endif
  mark(n);
  d_step { position = 0; startedHere = false };
  if :: done -> acknowledge(n) :: else fi;
  d_step { done = false; n = 0 }
}

/* The same once more: answers at once when it finds the key revoked. */
proctype RevokeAgain(byte n) {
  byte entries;
  atomic { ask(entries); revokedIn(entries) -> entries = 0 };
#ifndef FAULT_FOUND_DONE
  mark(n);
#endif
  acknowledge(n);
  n = 0
}

/* Streaming replication, and the standby's promotion once the primary is gone. */
proctype Standby() {
end:
  do
  :: atomic { !promoted && (written & ~copied) != 0 ->
      if
      :: HAS(written & ~copied, 1) -> copied = copied | BIT(1)
      :: HAS(written & ~copied, 2) -> copied = copied | BIT(2)
      fi }
  :: atomic { !promoted ->
      promoted = true; locked = false; written = 0;
#ifndef FAULT_TWO_PRIMARIES
      visible = 0;
#endif
      last = (HAS(copied, 2) -> 2 : (HAS(copied, 1) -> 1 : 0)) };
    break
  od
}

inline extend(n) {
#ifdef FAULT_FROM_ANSWER
  left[n] = LEASE
#else
  left[n] = LEASE - polling[n]
#endif
}

/* LeaseKeeper.poll. A batch is one entry, so every entry makes the batch a full one. What is read is marked, the node's
   own changes too, and only then counts as applied: after a failover their positions may be those of others. */
proctype Poller(byte n) {
  byte entries; byte position;
end:
  do
  :: polling[n] = 0;
    if
    :: atomic {
        /* The question arrives, and says how far the node has come. */
        ask(entries);
        if
        :: revokedIn(entries) &&
            (applied[n] == 2 || (applied[n] == 1 && kind[1] == REVOCATION)) ->
          confirmed[n] = true
        :: else
        fi;
        if
        :: applied[n] < 1 && HAS(entries, 1) -> position = 1
        :: !(applied[n] < 1 && HAS(entries, 1)) && applied[n] < 2 && HAS(entries, 2) -> position = 2
        :: else
        fi;
        entries = 0 };
      if
      :: position != 0 ->
#ifdef FAULT_EARLY_LEASE
        extend(n);
#endif
#ifndef FAULT_UNMARKED
        if
        :: kind[position] == REVOCATION -> mark(n)
        :: else
        fi;
#endif
        atomic {
          applied[n] = position;
#ifdef FAULT_FULL_BATCH
          extend(n);
#endif
          position = 0 }
      :: atomic { position == 0 -> extend(n) }
      :: position = 0 /* The answer is lost. */
      fi
    :: skip /* The question is lost, or nobody is there to answer. */
    fi;
    polling[n] = LEASE
  od
}

#ifdef FAULT_STAMP_FIRST
#define HOLD_LEASE(n) skip
#else
#define HOLD_LEASE(n) held[n] = left[n]
#endif

#ifdef FAULT_NO_LEASE
#define CONFIRMED_IN_TIME(n) true
#else
#define CONFIRMED_IN_TIME(n) (held[n] > 0 || reading[n] < LEASE)
#endif

/* One request after another with the key's token: from memory, or with the store at hand. */
proctype Reader(byte n) {
  byte entries;
#ifdef FAULT_LATE_STAMP
  bool isActive;
#endif
#ifdef SHOW
  bool isWarm;
#endif
end:
  do
  :: if
    :: atomic { cached[n] ->
#ifdef SHOW
        isWarm = true;
#endif
        uses[n] = true;
        HOLD_LEASE(n) }
#ifdef FAULT_LATE_STAMP
    :: reading[n] = 0;
      atomic { ask(entries); isActive = !revokedIn(entries); entries = 0 };
      uses[n] = isActive; isActive = false;
#else
      /* It notes the stamp's clock, then reads. */
    :: d_step { reading[n] = 0; uses[n] = true };
      atomic {
        ask(entries);
        if
        :: revokedIn(entries) -> uses[n] = false
        :: else
        fi;
        entries = 0 };
#endif
      /* The slow hash is here. */
      atomic {
        cached[n] = uses[n];
        HOLD_LEASE(n) }
    fi;
    /* isTrusted: the end of the lease is held from before, the stamp decides, and the clock comes last. */
    if
    :: d_step { uses[n] ->
        uses[n] = false;
        assert(!(CONFIRMED_IN_TIME(n) && (returned[n] || (confirmed[n] && acknowledged)))) };
#ifdef FAULT_STAMP_FIRST
      held[n] = left[n];
#endif
      d_step {
        if
        :: CONFIRMED_IN_TIME(n) ->
          assert(!(acknowledged && since == LEASE));
#ifdef SHOW_BOUND
          assert(!(isWarm && acknowledged && since == LEASE - 1));
#endif
#ifdef SHOW_FAILOVER
          assert(!(isWarm && acknowledged && promoted));
#endif
        :: else
        fi;
        reading[n] = LEASE; held[n] = 0 }
    :: d_step { !uses[n] -> reading[n] = LEASE; held[n] = 0 }
    fi
#ifdef SHOW
    ; isWarm = false
#endif
  od
}

init {
  atomic {
    byte n;
    for (n : 0 .. NODES - 1) {
      reading[n] = LEASE;
      polling[n] = LEASE;
      run Poller(n);
      run Reader(n)
    };
    run Time();
    run Standby();
    run Other();
    select(n : 0 .. NODES);
    run Revoke(n);
    select(n : 0 .. NODES);
    run RevokeAgain(n);
    n = 0
  }
}
