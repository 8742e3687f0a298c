// @ts-check
/** G. Clients and sessions. H. Liveness, overload, operations. */
/** @type {import('../catalogue.mjs').Mutant[]} */
export const clients = [
  {
    key: 'G1',
    title: 'a repeated write is executed again',
    patches: [
      [
        'kv/kv-state-machine',
        "const check = stamp === null ? 'execute' : this.#sessions.check(stamp);",
        "if (stamp !== null)\n            this.#sessions.check(stamp);\n        const check = 'execute';",
      ],
    ],
    swarm: ['sessions', 'deposed', 'churn', 'elections', 'network', 'default'],
  },
  {
    key: 'G2',
    title: 'the answers of sessions are kept in memory only, not in snapshots',
    patches: [['kv/snapshot-codec', 'results.set(sequence, readResult(reader));', 'readResult(reader);']],
    swarm: ['snapshots', 'default'],
  },
  {
    key: 'G3',
    title: 'sessions expire by the member’s own clock',
    patches: [
      [
        'kv/kv-state-machine',
        'this.#sessions.advance(entry.timeMs);',
        'this.#sessions.advance(Math.floor(this.#clock === null ? entry.timeMs : this.#clock.now()));',
      ],
    ],
    swarm: ['default', 'elections'],
  },
  {
    key: 'G4',
    title: 'a write of an unknown session begins that session anew',
    patches: [
      [
        'kv/sessions',
        "const session = this.#use(stamp.session);\n        if (session === null)\n            return { refused: 'SESSION_EXPIRED' };",
        "let session = this.#use(stamp.session);\n        if (session === null) {\n            const old = this.#sessions.get(stamp.session);\n            if (old !== undefined)\n                this.#remove(old);\n            this.#add({ owner: this.#owner, id: stamp.session, nonce: String(stamp.session).padStart(16, '0').slice(-16), ttlMs: 1000, lastActiveMs: this.#timeMs, firstUnanswered: 1, results: new Map() });\n            session = this.#use(stamp.session);\n        }",
      ],
    ],
    swarm: ['sessions', 'default'],
  },
  {
    key: 'G5',
    title: 'a session keeps its newest answer only, for everything up to it',
    patches: [
      [
        'kv/sessions',
        'session.results.set(stamp.sequence, result);\n        this.#results += 1;',
        'this.#results += 1 - session.results.size;\n        session.results.clear();\n        session.results.set(stamp.sequence, result);',
      ],
      [
        'kv/sessions',
        'const answer = session.results.get(stamp.sequence);',
        'const [newest] = session.results;\n        const answer = newest !== undefined && stamp.sequence <= newest[0] ? newest[1] : undefined;',
      ],
    ],
    swarm: ['sessions', 'default', 'elections'],
  },
  {
    key: 'G6',
    title: 'a client reports a time-out as a failure',
    patches: [['kv/calls/call', 'const unknown = this.#isWrite && this.#undecided > 0;', 'const unknown = false;']],
    swarm: ['sessions', 'deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'G7',
    title: 'a write that was handed to the leader is handed on again, whatever became of it',
    patches: [['server/store/member-store', '!PASSING.has(error.code)', 'false']],
    swarm: [],
    tests: ['packages/server/src/store/member-store.test.ts'],
  },
  {
    key: 'G8',
    title: 'the leader answers when its own disk is done',
    patches: [
      [
        'raft/core/leader',
        'const index = asIndex(quorumValue(state.configuration, matchIndexOf));',
        'const index = state.log.stableIndex;',
      ],
    ],
    swarm: ['default', 'elections'],
  },
  {
    key: 'G9',
    title: 'callers are not told that leadership was lost',
    patches: [['raft/replica/driver', 'proposals.leadershipEnded(leads ? core.term : null, core.commitIndex);', '']],
    swarm: ['deposed', 'churn', 'elections'],
    budget: 10,
    tests: ['packages/raft/src/replica/driver.test.ts'],
  },
  {
    key: 'G10',
    title: 'whoever waits for an index gets the answer of whatever stands there',
    patches: [
      ['raft/replica/proposals', 'if (proposal.term === term) {', 'if (true) {'],
      ['raft/replica/proposals', 'if (proposal.index <= commitIndex || proposal.term === leaderTerm)', 'if (true)'],
    ],
    swarm: ['sessions', 'deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'G11',
    title: 'who has lost its leader still names it, and names itself after stepping down',
    patches: [
      [
        'raft/core/election',
        '    state.leaderId = leaderId;\n    state.votes',
        '    state.leaderId = leaderId ?? state.leaderId;\n    state.votes',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
    tests: ['packages/raft/src/core/paper-elections.test.ts', 'packages/raft/src/core/core.test.ts'],
  },
  {
    key: 'G11b',
    title: 'a client follows every hint at once and without end',
    patches: [
      ['client/leader-finder', 'if (hint !== null && !this.#tried.has(hint) && this.#hops < MAX_HOPS) {', 'if (hint !== null) {'],
      ['client/leader-finder', "hint === undefined || hint === '' || hint === endpoint ||", "hint === undefined || hint === '' ||"],
    ],
    swarm: ['deposed', 'churn', 'elections'],
    budget: 10,
    tests: ['packages/client/src/client.test.ts'],
  },
  {
    key: 'G12',
    title: 'writes under a lock do not check that the lock is still held',
    patches: [['kv/calls/transactions', 'const compares = fence === undefined ? [] : [fenceCompare(fence)];', 'const compares = [];']],
    swarm: [],
    tests: ['packages/kv/src/coordination/mutual-exclusion.test.ts'],
  },
  {
    key: 'H1',
    title: 'no heart-beat leaves while appends are under way',
    patches: [
      [
        'raft/core/leader',
        'if (state.nowMs >= progress.retryAtMs)',
        'if (progress.inflightCount > 0) {\n        progress.nextHeartbeatMs = Math.max(progress.nextHeartbeatMs, state.nowMs + state.options.heartbeatIntervalMs);\n        progress.notifyAtMs = Infinity;\n    }\n    if (state.nowMs >= progress.retryAtMs)',
      ],
    ],
    swarm: ['network', 'default', 'snapshots'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'H2',
    title: 'answers to heart-beats wait for the disk',
    patches: [['raft/core/follower', "state.send({ type: 'heartbeatResponse'", "state.sendAfterPersist({ type: 'heartbeatResponse'"]],
    swarm: ['disk'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'H3',
    title: 'a leader takes commands without limit',
    patches: [['raft/core/leader', 'const overloaded = bytes > 0 &&', 'const overloaded = false &&']],
    swarm: ['default', 'elections', 'network'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'H4',
    title: 'a divergent log is probed entry by entry',
    patches: [
      [
        'raft/core/replication',
        'Math.max(1, Math.min(wanted, prevLogIndex))',
        'Math.max(1, Math.min(prevLogIndex, wanted + prevLogIndex))',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'H5',
    title: 'reads wait without limit',
    patches: [['raft/replica/reads', 'if (this.#pending >= this.#maxPending) {', 'if (false) {']],
    swarm: ['default', 'elections', 'network'],
    tests: ['packages/raft/src/replica'],
  },
  {
    key: 'H6',
    title: 'a snapshot is made in one piece of work',
    patches: [['kv/pacing', 'if (nowMs - sliceStartMs < sliceMs)', 'if (true)']],
    swarm: [],
    tests: ['packages/kv/src/kv-state-machine.test.ts'],
  },
  {
    key: 'H7',
    title: 'a member counts as caught up when it knows a leader',
    patches: [['raft/replica/replica', 'await this.readIndex(options);\n                return;', 'return;']],
    swarm: [],
    tests: ['packages/raft/src/replica/replica.test.ts'],
  },
  {
    key: 'H8',
    title: 'closing does not wait for work under way',
    patches: [['raft/replica/driver', 'while (this.#underWay > 0)', 'while (false)']],
    swarm: ['default'],
    budget: 10,
    tests: ['packages/raft/src/replica/cluster.test.ts'],
  },
  {
    key: 'H9',
    title: 'a command of a newer version is skipped',
    patches: [
      ['kv/kv-state-machine', "if (error instanceof BalsaError && error.code === 'MALFORMED')\n            return null;", 'return null;'],
    ],
    swarm: [],
    tests: ['packages/kv/src/kv-state-machine.test.ts'],
  },
]
