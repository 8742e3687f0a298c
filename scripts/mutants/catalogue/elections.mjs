// @ts-check
/** A. Elections and votes. */
/** @type {import('../catalogue.mjs').Mutant[]} */
export const elections = [
  {
    key: 'A1',
    title: 'stepping down forgets the vote of the present term',
    patches: [
      [
        'raft/core/election',
        'state.setTerm(term, null);\n    changeRole',
        'state.setTerm(term, null);\n    else\n        state.votedFor = null;\n    changeRole',
      ],
      [
        'raft/log/wal',
        "invariant(!changesVote, 'a vote is never changed within a term'",
        "invariant(true || !changesVote, 'a vote is never changed within a term'",
      ],
    ],
    swarm: ['churn', 'deposed', 'elections', 'default'],
  },
  {
    key: 'A1b',
    title: 'following a leader forgets the vote (redpanda)',
    patches: [['raft/core/election', 'state.promisedTo = leaderId;', 'state.promisedTo = leaderId;\n    state.votedFor = null;']],
    swarm: ['churn', 'deposed', 'elections', 'default'],
  },
  {
    key: 'A2',
    title: 'the vote leaves before it is on disk',
    patches: [
      [
        'raft/core/state',
        'if (sequence > this.#persistedSequence)\n            this.#held',
        "if (sequence > this.#persistedSequence && !(message.type === 'requestVoteResponse' && message.to !== this.id))\n            this.#held",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
  },
  {
    key: 'A3',
    title: 'a candidate asks for votes and counts its own before its own is on disk',
    patches: [
      [
        'raft/core/state',
        'if (sequence > this.#persistedSequence)\n            this.#held',
        "if (sequence > this.#persistedSequence && !(message.type === 'requestVoteResponse' && message.to === this.id))\n            this.#held",
      ],
      [
        'raft/core/state',
        "!(message.type === 'requestVote' && message.preVote) && message.term",
        "message.type !== 'requestVote' && message.term",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
  },
  {
    key: 'A4',
    title: 'up-to-date check compares the index only (skiff)',
    patches: [
      [
        'raft/core/election',
        'return message.lastLogTerm > lastTerm || (message.lastLogTerm === lastTerm && message.lastLogIndex >= lastIndex);',
        'return message.lastLogIndex >= lastIndex;',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'A4b',
    title: 'up-to-date check refuses only when index and term are both worse (liferaft)',
    patches: [
      [
        'raft/core/election',
        'return message.lastLogTerm > lastTerm || (message.lastLogTerm === lastTerm && message.lastLogIndex >= lastIndex);',
        'return !(lastIndex > message.lastLogIndex && lastTerm > message.lastLogTerm);',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'A4c',
    title: 'up-to-date check compares term and index as a vector',
    patches: [
      [
        'raft/core/election',
        'return message.lastLogTerm > lastTerm || (message.lastLogTerm === lastTerm && message.lastLogIndex >= lastIndex);',
        'return message.lastLogTerm >= lastTerm && message.lastLogIndex >= lastIndex;',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A5',
    title: 'a candidate that was refused counts as the one that got the vote when it asks again; no pre-vote, and the last answer counts',
    patches: [
      [
        'raft/core/election',
        'if (!mayVote || promised || !isUpToDate(state, message)) {',
        'if (!mayVote || promised || (!isUpToDate(state, message) && (message.preVote || state.votedFor !== message.from))) {\n        if (mayVote && !promised && !message.preVote)\n            state.setTerm(state.term, message.from);',
      ],
      ['raft/core/election', 'if (state.options.preVote)\n        preCampaign', 'if (false)\n        preCampaign'],
      ['raft/core/election', 'if (!state.votes.has(message.from))\n        state', 'state'],
      ['raft/core/election', 'state.votes.has(to) ||', 'state.votes.get(to) === true ||'],
    ],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
  },
  {
    key: 'A6',
    title: 'cutting the log sets the term back to that of the leader’s entry',
    patches: [
      [
        'raft/core/follower',
        'state.log.append(entries);\n    for',
        'if (first.index <= lastIndex)\n        state.term = first.term;\n    state.log.append(entries);\n    for',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'A6b',
    title: 'a candidate adopts the older term of a delayed append',
    patches: [
      [
        'raft/core/core',
        'if (message.term < state.term) {',
        "if (message.term < state.term && message.type === 'appendEntries' && state.role === 'candidate')\n        state.term = message.term;\n    if (message.term < state.term) {",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
  },
  {
    key: 'A7',
    title: 'appends are compared with the term of the log, votes with the current term',
    patches: [
      [
        'raft/core/core',
        'if (message.term < state.term) {',
        "if (message.term < (message.type === 'appendEntries' || message.type === 'heartbeat' ? state.log.lastTerm : state.term)) {",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
  },
  {
    key: 'A8',
    title: 'a granted vote carries the term from before the request',
    patches: [
      [
        'raft/core/core',
        'const binds = !isPreVoteTraffic(message);',
        'const binds = !isPreVoteTraffic(message);\n    state.termBefore = state.term;',
      ],
      [
        'raft/core/election',
        "state.sendAfterPersist({ type: 'requestVoteResponse', from: state.id, to: message.from, term: state.term, preVote: false, granted: true });",
        "state.sendAfterPersist({ type: 'requestVoteResponse', from: state.id, to: message.from, term: state.termBefore ?? state.term, preVote: false, granted: true });",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
  },
  {
    key: 'A9',
    title: 'everybody who answers is counted as a voter',
    patches: [
      ['raft/core/election', '|| !isVoter(state.configuration, to))', '|| false)'],
      [
        'raft/core/election',
        'const result = voteResult(state.configuration, state.votes);',
        "const granted = [...state.votes.values()].filter(Boolean).length;\n    const result = granted * 2 > state.configuration.voters.length ? 'won' : voteResult(state.configuration, state.votes);",
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
    tests: ['packages/raft/src/core/membership.test.ts', 'packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A10',
    title: 'grants are counted, so a duplicated one counts twice',
    patches: [
      ['raft/core/election', 'state.voteRetries = 0;', 'state.voteRetries = 0;\n    state.grants = 0;'],
      [
        'raft/core/election',
        'if (!state.votes.has(message.from))',
        'if (message.granted && !message.preVote)\n        state.grants++;\n    if (!state.votes.has(message.from))',
      ],
      [
        'raft/core/election',
        'const result = voteResult(state.configuration, state.votes);',
        "const enough = state.role === 'candidate' && state.grants * 2 > state.configuration.voters.length;\n    const result = enough ? 'won' : voteResult(state.configuration, state.votes);",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
  },
  {
    key: 'A11',
    title: 'refusing a vote sets the election timer anew',
    patches: [
      [
        'raft/core/election',
        'refuseVote(state, message);\n        return;\n    }\n    if (message.preVote) {',
        'resetElectionTimer(state);\n        refuseVote(state, message);\n        return;\n    }\n    if (message.preVote) {',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A12',
    title: 'a message of an old leader sets the election timer anew',
    patches: [
      [
        'raft/core/core',
        'becomeFollower, campaign, isSticky, refuseVote, resetElectionTimer',
        'becomeFollower, campaign, isSticky, refuseVote, resetElectionTimer',
      ],
      [
        'raft/core/core',
        "case 'installSnapshot':\n            state.send(",
        "case 'installSnapshot':\n            resetElectionTimer(state);\n            state.send(",
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A13',
    title: 'granting a pre-vote counts as hearing of a leader',
    patches: [
      [
        'raft/core/election',
        'if (message.preVote) {\n        state.send',
        'if (message.preVote) {\n        state.leaderContactMs = state.nowMs;\n        resetElectionTimer(state);\n        state.send',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A14',
    title: 'whoever knows a leader refuses every pre-vote, also the leader’s own and however long ago it was heard',
    patches: [
      ['raft/core/election', 'if (state.promisedTo === message.from)\n        return false;', ''],
      ['raft/core/election', 'return state.nowMs < state.promisedUntilMs;', 'return state.leaderId !== null;'],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A15',
    title: 'a vote or pre-vote request of an older term is dropped instead of refused',
    patches: [
      [
        'raft/core/core',
        "case 'requestVote':\n            refuseVote(state, message);\n            return;",
        "case 'requestVote':\n            return;",
      ],
    ],
    swarm: ['churn'],
    tests: ['packages/raft/src/core/paper-elections.test.ts', 'packages/raft/src/core/core.test.ts'],
  },
  {
    key: 'A16',
    title: 'the table of votes is not emptied between pre-vote and vote',
    patches: [['raft/core/election', 'state.votes = new Map();', "if (role !== 'candidate')\n        state.votes = new Map();"]],
    swarm: ['deposed', 'churn', 'elections', 'default'],
  },
  {
    key: 'A16b',
    title: 'a pre-candidate still remembers its leader and ignores others',
    patches: [
      [
        'raft/core/election',
        "changeRole(state, 'preCandidate', null, reason);",
        "changeRole(state, 'preCandidate', state.leaderId, reason);",
      ],
      ['raft/core/election', 'return state.nowMs < state.promisedUntilMs;', 'return state.leaderId !== null;'],
    ],
    swarm: ['churn', 'elections', 'deposed', 'default'],
  },
  {
    key: 'A17',
    title: 'appends and heart-beats of an older term are dropped in silence',
    patches: [
      [
        'raft/core/core',
        "state.send({ type: 'heartbeatResponse', from: state.id, to: message.from, term: state.term, round: 0, stamp: 0, health: 'unknown' });",
        '',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
    budget: 40,
    tests: ['packages/raft/src/core/paper-elections.test.ts', 'packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'A18',
    title: 'no check-quorum: a leader that hears nobody stays leader',
    patches: [['raft/core/leader', 'if (!state.options.checkQuorum)\n        return Infinity;', 'if (true)\n        return Infinity;']],
    swarm: ['deposed', 'churn', 'elections', 'network'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A19',
    title: 'campaign while committed changes are unapplied',
    patches: [],
    reason: 'A configuration holds from its entry on, not from its application: there is no guard that could be removed.',
  },
  {
    key: 'A20',
    title: 'a candidate whose log a snapshot replaces goes on, and a leader installs too',
    patches: [
      [
        'raft/core/snapshot-receiving',
        "if (state.role !== 'follower')\n            becomeFollower(state, state.term, state.leaderId, 'a snapshot replaces its log');",
        '',
      ],
      ['raft/core/tables', '    snapshotReceived: ignore,\n', ''],
    ],
    swarm: ['snapshots', 'elections', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-snapshots.test.ts'],
  },
  {
    key: 'A21',
    title: 'TimeoutNow of an old term, or of somebody who does not lead, is obeyed',
    patches: [
      ['raft/core/core', 'if (message.term < state.term) {', "if (message.term < state.term && message.type !== 'timeoutNow') {"],
      ['raft/core/transfer', '|| state.leaderId !== message.from)', '|| false)'],
    ],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'A21b',
    title: 'proposals are accepted while leadership is handed over',
    patches: [['raft/core/leader', ': leadership.transfer !== null || leadership.retiresAtMs !== null\n', ': false\n']],
    swarm: ['deposed', 'churn', 'elections'],
    budget: 20,
    tests: ['packages/raft/src/core/paper-elections.test.ts', 'packages/raft/src/core/core.test.ts', 'packages/raft/src/replica'],
  },
  {
    key: 'A22',
    title: 'the election time-out is always the same',
    patches: [['raft/core/election', 'electionTimeoutMs + state.random.next() * electionTimeoutMs;', 'electionTimeoutMs;']],
    swarm: ['calm', 'default', 'elections'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-elections.test.ts'],
  },
]
