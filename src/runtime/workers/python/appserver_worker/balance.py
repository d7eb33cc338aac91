"""Which of the workers that share a socket takes a connection.

The kernel wakes all that wait for one, and the first to ask gets it: mostly the same. Here a worker leaves a connection
for a moment when another has less to do, and takes it if it is still there afterwards. So nobody waits for a worker
that is stuck, and no process stands between. The moment is the idea of puma's wait_for_less_busy_worker; the order of
those with as many connections, that of a virtual time in fair queueing.

workers/node/balance.ts does the same for Node.
"""

import select
import time

from appserver_worker.shared_memory import ACCEPTING, BEGUN, CONNECTIONS, ENDED, RETIRING, TURN

# How long to sleep before looking whether a connection that was left still waits: so short that whatever else a worker
# has to do can wait for it.
REST_SECONDS = 0.00005
# How long a connection is left to a worker that has nothing in hand: it comes as soon as it gets a CPU.
PATIENCE_SECONDS = 0.005
# The same for one that has; it may take long.
PATIENCE_FOR_BUSY_SECONDS = 0.0005
# So many connections more than another of the same load are no reason to wait.
TURNS_AHEAD = 2
# A worker that was held up for long does not get all connections until it has caught up.
TURNS_BEHIND = 16


class Balance:
    def __init__(self, row, full=float("inf")):
        """`full`: so many requests at once are as many as this worker can do."""
        self._row = row
        self._own = row.numbers
        self._full = full
        self._others = []
        # Since when connections that wait have been left to others.
        self._left_at = None

    def begin(self):
        """This worker accepts connections from now on."""
        own = self._own
        own[TURN] = max((other[TURN] for other in self._accepting()), default=0.0)
        own[ACCEPTING] = 1.0

    def end(self):
        self._own[ACCEPTING] = 0.0

    def leaves(self, listener, now):
        """Whether a connection that waits was left to a worker with less to do. `now`: seconds of any clock."""
        left = 0.0 if self._left_at is None else now - self._left_at
        if not self.other_has_less(left):
            return False
        time.sleep(REST_SECONDS)
        self._left_at = now - left if select.select([listener], [], [], 0)[0] else None
        return True

    def took(self):
        """This worker has taken a connection."""
        most = max((other[TURN] for other in self._accepting()), default=0.0)
        self._own[TURN] = max(self._own[TURN] + 1, most - TURNS_BEHIND)
        self._left_at = None

    def other_has_less(self, left=0.0):
        """`left`: for how many seconds it has waited for them."""
        if left >= PATIENCE_SECONDS:
            return False
        own = self._own
        connections = own[CONNECTIONS]
        turn = own[TURN] - TURNS_AHEAD
        full = own[BEGUN] - own[ENDED] >= self._full
        for other in self._accepting():
            busy = other[BEGUN] - other[ENDED]
            if busy >= self._full or (busy and left >= PATIENCE_FOR_BUSY_SECONDS):
                continue
            theirs = other[CONNECTIONS]
            if full or theirs < connections or (theirs == connections and other[TURN] < turn):
                return True
        return False

    def _accepting(self):
        if len(self._others) != self._row.other_rows():
            self._others = self._row.others()
        return [other for other in self._others if other[ACCEPTING] and not other[RETIRING]]
