// @ts-check
/** D. Membership. */
const oneHalf = 'return Math.min(majorityValue(configuration.voters, valueOf), majorityValue(configuration.votersOutgoing, valueOf));'
/** @type {import('../catalogue.mjs').Mutant[]} */
export const membership = [
  {
    key: 'D1',
    title: 'a change is accepted before an entry of the leader’s own term is committed',
    patches: [
      ['raft/core/leader', 'const settled = state.log.termAt(state.commitIndex) === state.term;', 'const settled = true;'],
      ['raft/core/change', 'if (state.log.termAt(state.commitIndex) !== state.term) {', 'if (false) {'],
    ],
    swarm: ['churn', 'membership', 'deposed'],
    tests: ['packages/raft/src/core/paper-witness.test.ts'],
  },
  {
    key: 'D2',
    title: 'a second change is accepted while one is under way',
    patches: [
      ['raft/core/leader', 'state.membership.activeIndex > state.commitIndex || accepted.some(', 'false && accepted.some('],
      [
        'raft/core/change',
        'if (state.membership.activeIndex > state.commitIndex || isJoint(state.configuration)) {',
        'if (isJoint(state.configuration)) {',
      ],
    ],
    swarm: ['churn', 'membership', 'deposed'],
    tests: ['packages/raft/src/core/membership.test.ts'],
  },
  {
    key: 'D3',
    title: 'the peers are the new configuration’s at once, the size of the quorum only when it is committed',
    patches: [
      [
        'raft/core/leader',
        'const index = asIndex(quorumValue(state.configuration, matchIndexOf));',
        'const size = state.membership.at(state.commitIndex).voters.length;\n    const values = state.configuration.voters.map(matchIndexOf).sort((a, b) => b - a);\n    const index = asIndex(isJoint(state.configuration) ? quorumValue(state.configuration, matchIndexOf) : (values[Math.min(values.length - 1, Math.floor(size / 2))] ?? 0));',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
  },
  {
    key: 'D4',
    title: 'a configuration stays in force when its entry is cut off',
    patches: [
      ['raft/core/follower', 'if (state.membership.truncateFrom(first.index))\n            configurationChanged(state);', ''],
      [
        'raft/core/membership',
        "invariant(index > this.activeIndex, 'a configuration is appended above the newest one', { index, activeIndex: this.activeIndex });",
        '',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
  },
  {
    key: 'D5',
    title: 'a restart forgets the configurations in the log',
    patches: [['raft/log/durable-storage', 'configurations: configurations.filter(', 'configurations: [].filter(']],
    swarm: ['churn', 'deposed', 'membership'],
    tests: ['packages/raft/src/log'],
  },
  {
    key: 'D6',
    title: 'the id of a removed member is used again',
    patches: [
      ['raft/core/membership-change', 'if (this.#isRemoved(id))\n            return refuse', 'if (false)\n            return refuse'],
    ],
    swarm: [],
    tests: ['packages/raft/src/core/membership-change.test.ts'],
  },
  {
    key: 'D7',
    title: 'a directory that lost its log counts as a new one',
    patches: [['raft/log/durable-storage', 'if (witness === undefined)\n        return;', 'return;']],
    swarm: ['disk'],
    budget: 10,
    tests: ['packages/raft/src/log/damage.test.ts'],
  },
  {
    key: 'D8',
    title: 'neither pre-vote nor stickiness: a removed member disturbs',
    patches: [
      ['raft/core/election', 'if (state.options.preVote)\n        preCampaign', 'if (false)\n        preCampaign'],
      ['raft/core/election', 'export function isSticky(state, message) {', 'export function isSticky(state, message) {\n    return false;'],
    ],
    swarm: ['churn', 'deposed', 'membership', 'network'],
  },
  {
    key: 'D9',
    title: 'learners, and voters that do not know that they are, refuse to vote',
    patches: [
      [
        'raft/core/election',
        'if (!mayVote || promised || !isUpToDate(state, message)) {',
        'if (!mayVote || promised || !isVoter(state.configuration, state.id) || !isUpToDate(state, message)) {',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
    tests: ['packages/raft/src/core/membership.test.ts', 'packages/raft/src/core/paper-elections.test.ts'],
  },
  {
    key: 'D10',
    title: 'learners count in the quorum',
    patches: [
      [
        'raft/core/quorum',
        oneHalf,
        'return Math.min(majorityValue([...configuration.voters, ...configuration.learners], valueOf), majorityValue(configuration.votersOutgoing, valueOf));',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
  },
  {
    key: 'D10b',
    title: 'a witness is asked to lead, and does',
    patches: [['raft/core/transfer', 'isVoter(configuration, id) && !isWitness(configuration, id)', 'isVoter(configuration, id)']],
    swarm: [],
    tests: ['packages/raft/src/core/paper-witness.test.ts'],
  },
  {
    key: 'D11',
    title: 'a leader that is being removed counts itself',
    patches: [
      [
        'raft/core/leader',
        'const index = asIndex(quorumValue(state.configuration, matchIndexOf));',
        'const { voters } = state.configuration;\n    const others = voters.map(matchIndexOf).sort((a, b) => b - a);\n    const index = asIndex(voters.includes(state.id) ? quorumValue(state.configuration, matchIndexOf) : Math.min(state.log.stableIndex, others[Math.max(0, Math.floor(voters.length / 2) - 1)] ?? 0));',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
  },
  {
    key: 'D12',
    title: 'a leader steps down when its removal is appended',
    patches: [
      [
        'raft/core/leader',
        '    syncProgress(state, leadership);\n    // Those',
        "    if (!isVoter(state.configuration, state.id)) {\n        becomeFollower(state, state.term, null, 'it is being removed');\n        return;\n    }\n    syncProgress(state, leadership);\n    // Those",
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
    budget: 10,
    tests: ['packages/raft/src/core/golden.test.ts'],
  },
  {
    key: 'D13',
    title: 'a joint configuration decides with its new half alone',
    patches: [
      ['raft/core/quorum', oneHalf, 'return majorityValue(configuration.voters, valueOf);'],
      ['raft/core/quorum', 'if (configuration.votersOutgoing.length === 0)\n        return incoming;', 'return incoming;'],
    ],
    swarm: ['churn', 'deposed', 'membership'],
  },
  {
    key: 'D13b',
    title: 'a restart forgets the outgoing half of a joint configuration',
    patches: [
      [
        'raft/log/durable-storage',
        'configurations: configurations.filter(({ index }) => index >= state.firstIndex && index > (snapshot?.index ?? 0)),',
        'configurations: configurations.filter(({ index }) => index >= state.firstIndex && index > (snapshot?.index ?? 0)).map(({ index, configuration }) => ({ index, configuration: { ...configuration, votersOutgoing: [] } })),',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
    tests: ['packages/raft/src/log'],
  },
  {
    key: 'D14',
    title: 'only the leader that began a joint change ends it',
    patches: [
      [
        'raft/core/leader',
        'if (isJoint(state.configuration)) {',
        'if (isJoint(state.configuration) && state.membership.activeIndex >= leadership.termStartIndex) {',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
  },
  {
    key: 'D15',
    title: 'a configuration may list voters that are no members',
    patches: [
      ['raft/log/configuration-codec', 'if (!known.has(id))\n            reader.fail(field', 'if (false)\n            reader.fail(field'],
    ],
    swarm: [],
    tests: ['packages/raft/src/log/configuration-codec.test.ts'],
  },
  {
    key: 'D15b',
    title: 'a change may leave nobody to vote, or only witnesses',
    patches: [['raft/core/membership-change', 'return draft.votersRefusal() ?? {', 'return {']],
    swarm: [],
    tests: ['packages/raft/src/core'],
  },
  {
    key: 'D15c',
    title: 'a change may leave a quorum of members that are not there',
    patches: [['raft/core/change', 'if (force || live.length * 2 > voters.length)', 'if (true)']],
    swarm: [],
    tests: ['packages/raft/src/core'],
  },
  {
    key: 'D16',
    title: 'peers that were removed keep their progress, and their acknowledgements count',
    patches: [
      [
        'raft/core/leader',
        'if (targets.has(id))\n            continue;\n        progress.hasLeft = true;\n        leadership.progress.delete(id);',
        'void id;',
      ],
      [
        'raft/core/leader',
        'const index = asIndex(quorumValue(state.configuration, matchIndexOf));',
        'const everybody = [...leadership.progress.keys(), state.id].map(matchIndexOf).sort((a, b) => b - a);\n    const index = asIndex(everybody[Math.floor(state.configuration.voters.length / 2)] ?? 0);',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
  },
  {
    key: 'D17',
    title: 'every change forgets what the leader knows about its peers',
    patches: [['raft/core/leader', 'if (id === state.id || leadership.progress.has(id))', 'if (id === state.id)']],
    swarm: ['churn', 'deposed', 'membership'],
    budget: 10,
    tests: ['packages/raft/src/core/core-fuzz.test.ts'],
  },
  {
    key: 'D18',
    title: 'two stores of the configuration: heads of segments keep the founding one',
    patches: [
      [
        'raft/log/durable-storage',
        'const baseConfiguration = () => snapshots.latest?.configuration ?? base;',
        'const baseConfiguration = () => base;',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership'],
    tests: ['packages/raft/src/log'],
  },
  {
    key: 'D19',
    title: 'recovery of a lost quorum keeps whichever survivor has the longest log, however old its term',
    patches: [['balsa/cli/recovery-plan', 'a.lastTerm - b.lastTerm || a.lastIndex - b.lastIndex', 'a.lastIndex - b.lastIndex']],
    swarm: [],
    tests: ['packages/balsa/src/cli/recovery-plan.test.ts'],
  },
]
