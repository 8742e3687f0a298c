// @ts-check
/** B. Commitment and log matching. */
/**
 * Leaders find the last entry that agrees exactly, and the first append that agrees carries the first entry that may differ: so it cuts off whatever
 * does not agree, and what stands behind an append never matters. This takes that away, as leaders may that go back in steps.
 */
const furtherBack = [
  'raft/core/replication',
  'Math.max(1, Math.min(wanted, prevLogIndex))',
  'Math.max(1, Math.min(wanted, prevLogIndex) - 4)',
]
/** @type {import('../catalogue.mjs').Mutant[]} */
export const replication = [
  {
    key: 'B1',
    title: 'an entry of an older term is committed by counting',
    patches: [
      ['raft/core/leader', '|| index > state.log.lastIndex || state.log.termAt(index) !== state.term)', '|| index > state.log.lastIndex)'],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B2',
    title: 'the median is off by one',
    patches: [['raft/core/quorum', 'values[Math.floor(values.length / 2)]', 'values[Math.floor((values.length - 1) / 2)]']],
    swarm: ['default', 'elections'],
  },
  {
    key: 'B2b',
    title: 'the median of an unsorted list',
    patches: [['raft/core/quorum', 'descending(ids, valueOf);', 'ids.map(valueOf);']],
    swarm: ['default', 'elections'],
  },
  {
    key: 'B3',
    title: 'a heart-beat raises the term of a leader, which steps down only after its next step (hashicorp)',
    patches: [
      [
        'raft/core/core',
        '    dispatchMessage(state, message);\n}',
        '    dispatchMessage(state, message);\n}\nfunction stepDownLate(state, message) {\n    state.setTerm(message.term, null);\n    state.late = message;\n}',
      ],
      [
        'raft/core/core',
        'if (message.term > state.term && binds) {',
        "if (message.term > state.term && state.role === 'leader' && message.type === 'heartbeat') {\n        stepDownLate(state, message);\n        return;\n    }\n    if (message.term > state.term && binds) {",
      ],
      [
        'raft/core/core',
        "if (input.type === 'message') {\n            receive(state, input.message);",
        "if (state.late && (input.type === 'message' || input.type === 'tick')) {\n            state.late = null;\n            becomeFollower(state, state.term, null, 'late');\n        }\n        if (input.type === 'message') {\n            receive(state, input.message);",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B4',
    title: 'what peers acknowledged in an earlier leadership counts in the next one',
    patches: [
      ['raft/core/leader', 'progress: new Map(),', 'progress: state.oldProgress ?? new Map(),'],
      [
        'raft/core/leader',
        "invariant(leadership !== null, 'a leader has a leadership');",
        "invariant(leadership !== null, 'a leader has a leadership');\n    state.oldProgress = leadership.progress;",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B4b',
    title: 'answers of an older term are counted',
    patches: [
      [
        'raft/core/core',
        'if (message.term < state.term) {',
        "if (message.term < state.term && message.type !== 'appendEntriesResponse') {",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'B5',
    title: 'an append is accepted whenever its prevLogIndex is in the log',
    patches: [
      [
        'raft/core/follower',
        'if (prevLogIndex > state.commitIndex && term !== message.prevLogTerm) {',
        'if (prevLogIndex > state.log.lastIndex) {',
      ],
      ['raft/core/follower', 'invariant(term === null || term === message.prevLogTerm,', 'invariant(true,'],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B6',
    title: 'an accepted append is answered with the follower’s last index, by leaders that go back further than they must',
    patches: [
      ['raft/core/follower', 'respond(state, message, lastNew, null);', 'respond(state, message, state.log.lastIndex, null);'],
      furtherBack,
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B7',
    title: 'every append cuts the log behind its prevLogIndex, also when the entries are there',
    patches: [
      [
        'raft/core/follower',
        'if (term === entry.term)\n            continue;',
        'if (term === entry.term && entry.index <= state.commitIndex)\n            continue;',
      ],
    ],
    swarm: ['deposed', 'churn', 'network', 'default'],
  },
  {
    key: 'B8',
    title: 'a conflicting entry is kept, and the append is accepted',
    patches: [
      [
        'raft/core/follower',
        'if (entry.index > state.commitIndex)\n            return i;',
        'if (entry.index > state.commitIndex) {\n            if (term !== null)\n                continue;\n            return i;\n        }',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B9',
    title: 'an old append cuts off what is committed, and nothing objects',
    patches: [
      [
        'raft/core/follower',
        'if (term === entry.term)\n            continue;\n        if (entry.index > state.commitIndex)\n            return i;',
        'return i;',
      ],
      [
        'raft/core/follower',
        "invariant(first.index > state.commitIndex, 'committed entries are never replaced'",
        "invariant(true, 'committed entries are never replaced'",
      ],
    ],
    swarm: ['deposed', 'churn', 'network', 'default'],
  },
  {
    key: 'B10',
    title: 'the commit index of an append is limited by the follower’s last index, by leaders that go back further than they must',
    patches: [
      ['raft/core/follower', 'Math.min(message.leaderCommit, lastNew)', 'Math.min(message.leaderCommit, state.log.lastIndex)'],
      furtherBack,
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B11',
    title: 'a heart-beat carries the leader’s commit index as it is',
    patches: [
      [
        'raft/core/leader',
        'const commit = asIndex(Math.min(progress.matchIndex, state.commitIndex));',
        'const commit = state.commitIndex;',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'B12',
    title: 'every refusal moves nextIndex, also a late one and below what is known to match',
    patches: [
      ['raft/core/replication', "if (progress.state === 'snapshot' || prevLogIndex <= progress.matchIndex)\n        return false;", ''],
      ['raft/core/replication', "if (progress.state === 'probe' && prevLogIndex !== progress.nextIndex - 1)\n        return false;", ''],
      ['raft/core/progress', 'Math.max(nextIndex, this.matchIndex + 1)', 'nextIndex'],
    ],
    swarm: ['network', 'snapshots', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'B13',
    title: 'appends name nextIndex as the entry before them',
    patches: [
      [
        'raft/core/replication',
        'asIndex(progress.nextIndex - 1);\n        const prevLogTerm',
        'asIndex(progress.nextIndex);\n        const prevLogTerm',
      ],
    ],
    swarm: ['default'],
  },
  {
    key: 'B14',
    title: 'an entry that is too large for a message is left out in its middle',
    patches: [
      [
        'raft/core/log-view',
        'return this.#cache.slice(start, end);',
        'const sent = this.#cache.slice(start, Math.min(end + 1, limit));\n        return end < limit && sent.length > 2 ? sent.filter((_entry, at) => at !== sent.length - 2) : sent;',
      ],
    ],
    swarm: ['default', 'network'],
  },
  {
    key: 'B15',
    title: 'the cache of entries keeps what was cut off the log',
    patches: [
      ['raft/log/log-state', 'this.cache.truncateFrom(index);', ''],
      [
        'raft/log/entry-cache',
        "invariant(this.length === 0 || entry.index === this.firstIndex + this.length, 'cached entries are contiguous', { index: entry.index });",
        'if (this.length > 0 && entry.index !== this.firstIndex + this.length)\n            return;',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
    tests: ['packages/raft/src/log'],
  },
  {
    key: 'B16',
    title: 'a write that ends late proves entries that have replaced its own',
    patches: [
      ['raft/core/log-view', 'for (const write of this.#writes)\n            write.lastIndex = Math.min(write.lastIndex, index);', ''],
    ],
    swarm: ['deposed', 'churn', 'elections', 'disk', 'default'],
    tests: ['packages/raft/src/core/log-view.test.ts'],
  },
  {
    key: 'B17',
    title: 'the leader counts itself before its own disk is done',
    patches: [
      ['raft/core/leader', 'id === state.id ? state.log.stableIndex :', 'id === state.id ? state.log.lastIndex :'],
      [
        'raft/core/leader',
        'state.proposalOutcome({ ref, index: asIndex(index++), term: state.term });\n    broadcast(state, leadership, false);',
        'state.proposalOutcome({ ref, index: asIndex(index++), term: state.term });\n    broadcast(state, leadership, false);\n    advanceCommit(state, leadership);',
      ],
    ],
    swarm: ['default'],
  },
  {
    key: 'B18',
    title: 'answered heart-beats repair nothing',
    patches: [
      [
        'raft/core/replication',
        "    progress.probeSent = false;\n    if (progress.state === 'probe') {",
        "    if (progress.state !== 'snapshot')\n        return;\n    if (progress.state === 'probe') {",
      ],
    ],
    swarm: ['network', 'default'],
  },
  {
    key: 'B19',
    title: 'a snapshot piece that could not be read ends the feeding of that peer',
    patches: [
      [
        'raft/core/snapshot-sending',
        'const { sending } = progress;\n    if (sending === null)\n        return;\n    if (',
        'const { sending } = progress;\n    if (sending !== null)\n        sending.sentMs = Infinity;\n    if (sending === null || true)\n        return;\n    if (',
      ],
    ],
    swarm: ['snapshots', 'disk', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-snapshots.test.ts'],
  },
  {
    key: 'B20',
    title: 'a full window of lost appends stays full',
    patches: [
      [
        'raft/core/replication',
        'progress.freeOldest();\n        replicate(state, progress, stalled);',
        'void 0;\n        replicate(state, progress, false);',
      ],
    ],
    swarm: ['network', 'default'],
  },
]
