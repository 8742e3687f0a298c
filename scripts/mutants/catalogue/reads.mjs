// @ts-check
/** E. Reads and leases. The swarm runs without leases: where an entry is about one, a lease is planted together with its mistake. */
/** @param {string} condition when the lease is taken to hold */
const lease = (condition) => [
  'raft/core/read-index',
  'state.reads.add(origin);\n    startRound(state, leadership);',
  `const contactMs = quorumValue(state.configuration, (id) => (id === state.id ? state.nowMs : (leadership.progress.get(id)?.lastContactMs ?? -Infinity)));
    if (state.log.termAt(state.commitIndex) === state.term && (${condition})) {
        if (origin.kind === 'local')
            state.readOutcome({ ref: origin.ref, index: state.commitIndex });
        else
            answer(state, origin, state.commitIndex);
        return;
    }
    state.reads.add(origin);
    startRound(state, leadership);`,
]
/** @type {import('../catalogue.mjs').Mutant[]} */
export const reads = [
  {
    key: 'E1',
    title: 'who believes to lead answers reads without asking anybody',
    patches: [lease('true')],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'E2',
    title: 'a read index before an entry of the own term is committed',
    patches: [['raft/core/read-index', 'if (state.log.termAt(state.commitIndex) !== state.term)\n        return;', '']],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'E3',
    title: 'every read round has the same number: late answers of an earlier one confirm it',
    patches: [['raft/core/reads', 'number: ++this.#round,', 'number: (this.#round = 1),']],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
  },
  {
    key: 'E3b',
    title: 'a follower’s question keeps its number when it is asked anew, also after a restart',
    patches: [['raft/core/reads', 'request: ++this.#requestNumber,', 'request: 7,']],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
    tests: ['packages/raft/src/core/reads.test.ts'],
  },
  {
    key: 'E4',
    title: 'reads join a round that began before them',
    patches: [['raft/core/reads', 'this.#waiting.push(origin);', '(this.#active?.origins ?? this.#waiting).push(origin);']],
    swarm: ['default', 'elections', 'load'],
  },
  {
    key: 'E5',
    title: 'a confirmed read does not wait until its index is applied',
    patches: [['raft/replica/reads', '(confirmed.index <= index ? ready : later).push(confirmed);', 'ready.push(confirmed);']],
    swarm: ['default', 'elections'],
  },
  {
    key: 'E6',
    title: 'a member alone serves reads before it has committed anything since its start',
    patches: [
      [
        'raft/core/read-index',
        'if (state.log.termAt(state.commitIndex) !== state.term)\n        return;',
        'if (state.log.termAt(state.commitIndex) !== state.term && state.configuration.voters.length > 1)\n        return;',
      ],
    ],
    swarm: ['default', 'disk'],
  },
  {
    key: 'E7',
    title: 'lease reads, the lease as long as two election time-outs and counted from the answer',
    patches: [lease('state.nowMs - contactMs < 2 * state.options.electionTimeoutMs')],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'E8',
    title: 'lease reads by the wall clock',
    patches: [
      lease('Date.now() - (leadership.wallMs ?? 0) < state.options.electionTimeoutMs'),
      ['raft/core/read-index', 'progress.confirmedRound = round;', 'progress.confirmedRound = round;\n    leadership.wallMs = Date.now();'],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'E9',
    title: 'lease reads go on while leadership is handed over',
    patches: [lease('leadership.transfer !== null && state.nowMs - contactMs < state.options.electionTimeoutMs')],
    swarm: ['deposed', 'churn', 'elections'],
  },
  {
    key: 'E10',
    title: 'lease reads without check-quorum',
    patches: [
      lease('state.nowMs - leadership.electedAtMs > state.options.electionTimeoutMs'),
      ['raft/core/leader', 'if (!state.options.checkQuorum)\n        return Infinity;', 'if (true)\n        return Infinity;'],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'E11',
    title: 'a voter that was restarted votes within the old leader’s lease',
    patches: [['raft/core/state', 'if (options.leaseReads !== null)\n', 'if (false)\n']],
    swarm: [],
    tests: ['packages/raft/src/core/lease.test.ts'],
  },
  {
    key: 'E12',
    title: 'a lease is checked, then the loop is left, then the state is read: a pause fits in between',
    patches: [
      lease('state.nowMs - contactMs < state.options.electionTimeoutMs'),
      [
        'raft/replica/replica',
        'const read = this.#driver.reads.add(options, ready);',
        'const { clock } = this.#ports;\n        const read = this.#driver.reads.add(options, ready).then((value) => new Promise((resolve) => clock.setTimer(50, () => resolve(value))));',
      ],
    ],
    swarm: ['deposed', 'churn', 'elections', 'default', 'network'],
  },
  {
    key: 'E13',
    title: 'a member that does not lead answers a follower’s question with its own commit index',
    patches: [
      ['raft/core/tables', "index: 'NOT_LEADER',", 'index: state.commitIndex,'],
      ['raft/core/core', "index: 'NOT_LEADER',", 'index: state.commitIndex,'],
      ['raft/core/read-index', 'if (message.from !== state.leaderId)\n        return;', ''],
    ],
    swarm: ['deposed', 'churn', 'elections', 'network', 'default'],
    tests: ['packages/raft/src/core/reads.test.ts', 'packages/raft/src/core/core.test.ts'],
  },
]
