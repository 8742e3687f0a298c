// @ts-check
/** C. Snapshots, compaction, restart. */
/** @type {import('../catalogue.mjs').Mutant[]} */
export const snapshots = [
  {
    key: 'C1',
    title: 'the log is compacted before the snapshot is durable',
    patches: [
      [
        'raft/replica/snapshot-taking',
        "this.#finish('whole', this.#storage",
        "this.#hooks.input({ type: 'snapshotTaken', meta: { index, term, timeMs, configuration, sizeBytes: 1, checksum: 0 }, firstIndexToKeep: asIndex(Math.max(1, index + 1 - this.#policy.trailingEntries)) });\n        this.#finish('whole', this.#storage",
      ],
      ['raft/core/snapshot-receiving', 'meta.index <= state.snapshotMeta.index)', 'meta.index < state.snapshotMeta.index)'],
      ['raft/log/wal', 'invariant(compactBelow <= covered + 1,', 'invariant(true || covered,'],
    ],
    swarm: ['snapshots', 'disk', 'default'],
  },
  {
    key: 'C2',
    title: 'the snapshot’s bytes are not synced before it gets its name',
    patches: [['raft/log/snapshot-file', 'this.#write(footer);\n        await syncOrFail(this.#handle);', 'this.#write(footer);']],
    swarm: ['snapshots', 'disk', 'default'],
  },
  {
    key: 'C2b',
    title: 'the snapshot’s new name is not synced',
    patches: [
      [
        'raft/log/snapshot-store',
        'await fileSystem.rename(this.#path(from), path);\n        await fileSystem.syncDirectory(directory);',
        'await fileSystem.rename(this.#path(from), path);',
      ],
    ],
    swarm: ['snapshots', 'disk', 'default'],
    tests: ['packages/raft/src/log/crash.test.ts'],
  },
  {
    key: 'C3',
    title: 'a snapshot that cannot be read is dropped, and the log with it',
    patches: [
      [
        'raft/log/durable-storage',
        'const snapshots = await FileSnapshotStore.open({ fileSystem, directory, identity, crc32 }, names);',
        'const snapshots = await FileSnapshotStore.open({ fileSystem, directory, identity, crc32 }, names).catch(async () => {\n            for (const name of names.splice(0))\n                if (name !== IDENTITY_NAME)\n                    await fileSystem.remove(`${directory}/${name}`);\n            return FileSnapshotStore.open({ fileSystem, directory, identity, crc32 }, []);\n        });',
      ],
    ],
    swarm: ['disk', 'snapshots'],
    budget: 10,
    tests: ['packages/raft/src/log/damage.test.ts'],
  },
  {
    key: 'C4',
    title: 'a log that begins behind the snapshot is accepted at the start',
    patches: [
      ['raft/log/recovery', 'head.lastIndex > (this.#options.snapshot?.index ?? 0) ?', 'false ?'],
      ['raft/core/state', 'invariant(recovered.firstIndex <= snapshotIndex + 1,', 'invariant(true,'],
    ],
    swarm: ['disk', 'snapshots'],
    tests: ['packages/raft/src/log/damage.test.ts', 'packages/raft/src/log/durable-storage.test.ts'],
  },
  {
    key: 'C5',
    title: 'the state machine starts empty though there is a snapshot',
    patches: [
      [
        'raft/replica/start-place',
        'await restoreMachine(machine, storage, snapshot, () => false);',
        'await restoreMachine(machine, storage, null, () => false);',
      ],
    ],
    swarm: ['snapshots', 'default'],
  },
  {
    key: 'C6',
    title: 'the state is cut when the file is written, not when its index was taken',
    patches: [
      [
        'raft/replica/snapshot-taking',
        'const iterator = this.#machine.snapshot()[Symbol.asyncIterator]();\n        const first = iterator.next();',
        'let iterator;\n        const first = Promise.resolve();\n        const begin = () => (iterator = this.#machine.snapshot()[Symbol.asyncIterator]());',
      ],
      ['raft/replica/snapshot-taking', 'for (let result = await first;;', 'for (let result = await begin().next();;'],
    ],
    swarm: ['snapshots', 'default'],
  },
  {
    key: 'C7',
    title: 'snapshots leave the sessions out',
    patches: [
      ['kv/snapshot-codec', 'for (const session of cut.sessions.sessions) {', 'for (const session of []) {'],
      ['kv/snapshot-codec', 'block.writer.varint(cut.sessions.sessions.length);', 'block.writer.varint(0);'],
    ],
    swarm: ['snapshots', 'default'],
  },
  {
    key: 'C7b',
    title: 'snapshots carry the founding configuration',
    patches: [['raft/replica/snapshot-taking', 'this.#core.configurationAt(index);', 'this.#core.configurationAt(0);']],
    swarm: ['churn', 'deposed', 'membership'],
    budget: 40,
    tests: ['packages/raft/src/replica', 'packages/raft/src/core/membership.test.ts'],
  },
  {
    key: 'C8',
    title: 'snapshots carry the newest configuration, committed or not',
    patches: [['raft/replica/snapshot-taking', 'this.#core.configurationAt(index);', 'this.#core.configuration;']],
    swarm: ['churn', 'deposed', 'membership'],
    tests: ['packages/raft/src/replica'],
  },
  {
    key: 'C9',
    title: 'an uncommitted configuration outlives the snapshot that replaces its log',
    patches: [
      [
        'raft/core/snapshot-receiving',
        'state.membership.reset(meta.index, meta.configuration);',
        'if (state.membership.activeIndex <= state.commitIndex || state.membership.activeIndex > meta.index)\n            state.membership.reset(meta.index, meta.configuration);',
      ],
    ],
    swarm: ['churn', 'deposed', 'membership', 'snapshots'],
    tests: ['packages/raft/src/core/paper-snapshots.test.ts', 'packages/raft/src/core/membership.test.ts'],
  },
  {
    key: 'C10',
    title: 'an installed snapshot throws a longer agreeing log away',
    patches: [
      [
        'raft/core/snapshot-receiving',
        'if (state.log.termAt(snapshot.index) !== snapshot.term)\n        return false;',
        'if (true)\n        return false;',
      ],
    ],
    swarm: ['snapshots', 'network', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-snapshots.test.ts'],
  },
  {
    key: 'C10b',
    title: 'at the start the log behind the snapshot is thrown away',
    patches: [['raft/log/recovery', 'snapshot !== null && !this.#holds(state, snapshot);', 'snapshot !== null;']],
    swarm: ['snapshots', 'default'],
  },
  {
    key: 'C11',
    title: 'a snapshot older than what is committed is installed',
    patches: [['raft/core/snapshot-receiving', 'if (snapshot.index <= state.commitIndex)\n        return true;', '']],
    swarm: ['snapshots', 'network', 'default'],
    tests: ['packages/raft/src/core/paper-snapshots.test.ts'],
  },
  {
    key: 'C12',
    title: 'entries behind an installed snapshot are kept, whether they agree or not',
    patches: [
      [
        'raft/core/log-view',
        'reset(index, term) {\n',
        'reset(index, term) {\n        const kept = this.#cache.filter((entry) => entry.index > index);\n',
      ],
      [
        'raft/core/log-view',
        'this.#stableIndex = index;\n        this.#nextToPersist = index + 1;',
        'this.#stableIndex = index;\n        this.#nextToPersist = index + 1;\n        if (kept[0]?.index === index + 1)\n            this.append(kept);',
      ],
      [
        'raft/core/log-view',
        "invariant(entry.term >= lastTerm, 'terms never decrease along the log'",
        "invariant(true, 'terms never decrease along the log'",
      ],
    ],
    swarm: ['snapshots', 'network', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-snapshots.test.ts'],
  },
  {
    key: 'C13',
    title: 'an append before the compacted part is refused as a conflict',
    patches: [
      [
        'raft/core/follower',
        'if (prevLogIndex > state.commitIndex && term !== message.prevLogTerm) {',
        'if (term !== message.prevLogTerm) {',
      ],
    ],
    swarm: ['snapshots', 'network', 'default'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
  {
    key: 'C14',
    title: 'pieces of a snapshot are joined whatever their offset says, and nobody checks the whole',
    patches: [
      ['raft/log/snapshot-store', 'if (offset === receiving.size && data.length > 0)', 'if (data.length > 0)'],
      ['raft/log/snapshot-store', 'if (offset === receiving.size && overlong)', 'if (false && overlong)'],
      ['raft/log/snapshot-store', 'if (receiving.crc !== receiving.meta.checksum || !(await this.#saysTheSame(receiving)))', 'if (false)'],
    ],
    swarm: ['snapshots', 'network'],
  },
  {
    key: 'C15',
    title: 'the log is compacted under a running transfer',
    patches: [['raft/core/snapshot-receiving', 'if (progress.sending !== null && alive)', 'if (false && alive)']],
    swarm: ['snapshots', 'load'],
    budget: 10,
    tests: ['packages/raft/src/core/paper-snapshots.test.ts'],
  },
  {
    key: 'C16',
    title: 'callers whose entry went into a snapshot wait for ever',
    patches: [['raft/replica/driver', 'this.proposals.replacedBySnapshot(effects.restore.index);', '']],
    swarm: ['snapshots', 'default'],
    budget: 10,
    tests: ['packages/raft/src/replica/driver.test.ts'],
  },
  {
    key: 'C17',
    title: 'a second snapshot that arrives while the first is installed is lost',
    patches: [['raft/replica/apply-loop', 'if (this.#restore !== pending) {', 'if (false) {']],
    swarm: ['snapshots', 'disk', 'network'],
    budget: 10,
    tests: ['packages/raft/src/replica/apply-loop.test.ts'],
  },
  {
    key: 'C18',
    title: 'after an installation the entry at the snapshot’s index is applied again',
    patches: [
      [
        'raft/replica/apply-loop',
        'this.#before = null;\n        this.#place = { index: meta.index,',
        'this.#before = null;\n        this.#place = { index: asIndex(meta.index - 1),',
      ],
    ],
    swarm: ['snapshots', 'default'],
  },
  {
    key: 'C19',
    title: 'an older snapshot stands in for a damaged one',
    patches: [
      [
        'raft/log/snapshot-store',
        'const found = await findNewestSnapshot(options, names);',
        'let found = null;\n        for (let left = names;;) {\n            try {\n                found = await findNewestSnapshot(options, left);\n                break;\n            }\n            catch {\n                const bad = left.filter((name) => INSTALLED_NAME.test(name)).sort().at(-1);\n                left = left.filter((name) => name !== bad);\n            }\n        }',
      ],
      ['raft/log/recovery', 'head.lastIndex > (this.#options.snapshot?.index ?? 0) ?', 'false ?'],
    ],
    swarm: ['disk', 'snapshots'],
    budget: 60,
    tests: ['packages/raft/src/log/damage.test.ts'],
  },
  {
    key: 'C20',
    title: 'a member that lost what it acknowledged goes on as if nothing had happened',
    patches: [
      [
        'raft/core/follower',
        'if (message.commit > state.log.lastIndex) {',
        'message = { ...message, commit: Math.min(message.commit, state.log.lastIndex) };\n    if (message.commit > state.log.lastIndex) {',
      ],
    ],
    swarm: ['disk', 'default'],
    budget: 200,
    tests: ['packages/raft/src/core/paper-replication.test.ts'],
  },
]
