// @ts-check
/** E. Reads and leases. */
/** When a lease ends. */
const leaseEnd = ['raft/core/lease', 'return nowMs < record.startedMs + electionTimeoutMs / (1 + leaseReads.maxClockDrift);']
const noCheckQuorum = [
  'raft/core/leader',
  'if (!state.options.checkQuorum)\n        return Infinity;',
  'if (true)\n        return Infinity;',
]
/** @type {import('../catalogue.mjs').Mutant[]} */
export const reads = [
  {
    key: 'E1',
    title: 'who believes to lead answers reads without asking anybody',
    patches: [
      [
        'raft/core/read-index',
        'if (leaseHolds(state, leadership, state.nowMs)) {',
        'if (state.log.termAt(state.commitIndex) === state.term) {',
      ],
    ],
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
    swarm: ['lone'],
  },
  {
    key: 'E7',
    title: 'the lease lasts two election time-outs, and no check-quorum ends it before',
    patches: [[...leaseEnd, 'return nowMs < record.startedMs + 2 * electionTimeoutMs;'], noCheckQuorum],
    swarm: ['leases'],
  },
  {
    key: 'E7b',
    title: 'the lease is counted from the answer, not from the question',
    patches: [
      [...leaseEnd, 'return nowMs < (record.answeredMs ?? -Infinity) + electionTimeoutMs / (1 + leaseReads.maxClockDrift);'],
      ['raft/core/lease', 'leadership.provenRound = record;', 'leadership.provenRound = record;\n    record.answeredMs = state.nowMs;'],
    ],
    swarm: ['leases'],
  },
  {
    key: 'E7c',
    title: 'the lease takes all clocks for equally fast',
    patches: [[...leaseEnd, 'return nowMs < record.startedMs + electionTimeoutMs;']],
    swarm: ['leases'],
  },
  {
    key: 'E7d',
    title: 'a state counts as new as the answer of the leader, not as the question',
    patches: [['raft/core/freshness', 'this.prove(issued.atMs, index, applied);', 'this.prove(this.#issued.at(-1).atMs, index, applied);']],
    swarm: ['leases', 'deposed', 'churn'],
    tests: ['packages/raft/src/core'],
  },
  {
    key: 'E8',
    title: 'leases by the wall clock',
    patches: [
      [...leaseEnd, 'return Date.now() < record.wallMs + electionTimeoutMs / (1 + leaseReads.maxClockDrift);'],
      ['raft/core/lease', 'startedMs: state.nowMs, index, stamps', 'startedMs: state.nowMs, wallMs: Date.now(), index, stamps'],
    ],
    swarm: ['leases'],
  },
  {
    key: 'E9',
    title: 'lease reads go on while leadership is handed over',
    patches: [
      ['raft/core/lease', 'leaseReads === null || leadership.transfer !== null || leadership.retiresAtMs !== null', 'leaseReads === null'],
    ],
    swarm: ['leases'],
  },
  {
    key: 'E9b',
    title: 'after a transfer that failed, the lease of before goes on',
    patches: [['raft/core/lease', 'record.number <= leadership.leaseAboveRound', 'false']],
    swarm: ['leases'],
    tests: ['packages/raft/src/core'],
  },
  {
    key: 'E10',
    title: 'lease reads without check-quorum: nobody waits for the lease to end, and the leader does not step down',
    patches: [
      ['raft/core/election', 'export function isSticky(state, message) {', 'export function isSticky(state, message) {\n    return false;'],
      noCheckQuorum,
    ],
    swarm: ['leases'],
  },
  {
    key: 'E11',
    title: 'a voter that was restarted votes within the old leader’s lease',
    patches: [['raft/core/state', 'if (options.leaseReads !== null)\n', 'if (false)\n']],
    swarm: ['leases'],
    tests: ['packages/raft/src/core/lease.test.ts'],
  },
  {
    key: 'E12',
    title: 'the lease is checked by the tick, and reads believe what it said: a pause fits in between',
    patches: [
      ['raft/core/read-index', 'if (leaseHolds(state, leadership, state.nowMs)) {', 'if (leadership.leased === true) {'],
      [
        'raft/core/leader',
        '    compactLog(state);\n    for',
        '    compactLog(state);\n    leadership.leased = leaseHolds(state, leadership, state.nowMs);\n    for',
      ],
      ['raft/core/leader', "import { beat } from './lease.js';", "import { beat, leaseHolds } from './lease.js';"],
    ],
    swarm: ['leases'],
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
