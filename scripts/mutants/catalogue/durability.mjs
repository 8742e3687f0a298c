// @ts-check
/** F. Durability and storage faults. */
/** @type {import('../catalogue.mjs').Mutant[]} */
export const durability = [
  {
    key: 'F1',
    title: 'the log acknowledges without a sync',
    patches: [
      [
        'raft/log/segment-writer',
        'active.handle.write(active.offset, batch);\n        await syncOrFail(active.handle);',
        'active.handle.write(active.offset, batch);\n        await null;',
      ],
    ],
    swarm: ['default', 'disk'],
  },
  {
    key: 'F2',
    title: 'followers acknowledge entries that are not on disk',
    patches: [
      [
        'raft/core/follower',
        'if (rejected === null)\n        state.sendAfterPersist(response);\n    else\n        state.send(response);',
        'state.send(response);',
      ],
    ],
    swarm: ['default', 'disk'],
  },
  {
    key: 'F3',
    title: 'a failed sync is tried once more',
    patches: [
      [
        'raft/log/spare-pool',
        'const reason = cause instanceof',
        'if (await handle.datasync().then(() => true, () => false))\n            return;\n        const reason = cause instanceof',
      ],
    ],
    swarm: ['disk'],
  },
  {
    key: 'F4',
    title: 'the log is cut at the first bad record, wherever it is',
    patches: [
      ['raft/log/recovery', 'if (later !== null) {', 'if (false) {'],
      [
        'raft/log/recovery',
        'if (header.firstBatch === this.#nextBatch && header.firstSequence === this.#nextSequence)\n            return;',
        'return;',
      ],
    ],
    swarm: ['disk'],
    tests: ['packages/raft/src/log/damage.test.ts'],
  },
  {
    key: 'F5',
    title: 'a member that cut damage out of its log votes, leads and forgets',
    patches: [
      ['raft/log/recovery', 'if (later !== null) {', 'if (false) {'],
      [
        'raft/core/follower',
        'if (message.commit > state.log.lastIndex) {',
        'message = { ...message, commit: Math.min(message.commit, state.log.lastIndex) };\n    if (message.commit > state.log.lastIndex) {',
      ],
    ],
    swarm: ['disk'],
    tests: ['packages/raft/src/log/damage.test.ts'],
  },
  {
    key: 'F6',
    title: 'no checksum over the records of a batch',
    patches: [
      [
        'raft/log/segment-scanner',
        'if (this.#crc32(this.#window.subarray(bodyStart, bodyStart + header.bodyBytes)) !== header.bodyCrc)',
        'if (false)',
      ],
    ],
    swarm: ['disk', 'default'],
  },
  {
    key: 'F7',
    title: 'the file of term and vote is torn',
    patches: [],
    reason: 'There is no such file: term and vote are records of the log, in batches with a checksum, never overwritten in place.',
  },
  {
    key: 'F8',
    title: 'entries are written before the term that they need',
    patches: [
      [
        'raft/log/wal',
        'if (effect.hardState !== null)\n                await this.#writer.addHardState(effect.hardState);\n            for',
        'for',
      ],
      [
        'raft/log/wal',
        'if (effect.compactBelow !== null)\n                compactBelow',
        'if (effect.hardState !== null) {\n                await this.#writer.flush();\n                await this.#writer.addHardState(effect.hardState);\n            }\n            if (effect.compactBelow !== null)\n                compactBelow',
      ],
    ],
    swarm: ['default', 'elections', 'disk'],
  },
  {
    key: 'F9',
    title: 'the error of an append is ignored',
    patches: [
      [
        'raft/log/segment-writer',
        'active.handle.write(active.offset, batch);\n        await',
        'try {\n            active.handle.write(active.offset, batch);\n        }\n        catch { /* the next one may work */ }\n        await',
      ],
    ],
    swarm: ['disk'],
  },
  {
    key: 'F10',
    title: 'a retired segment is used again before its old name is gone for good',
    patches: [
      [
        'raft/log/spare-pool',
        'await this.#fileSystem.rename(path, this.#path(name));\n        return name;',
        'await this.#fileSystem.rename(path, this.#path(name));\n        this.#ready.push(name);\n        return name;',
      ],
      ['raft/log/spare-pool', 'this.#ready.push(...names);', 'void names;'],
      [
        'raft/log/segment-writer',
        'await fileSystem.syncDirectory(directory);\n        spares.recycled(retired);',
        'spares.recycled(retired);',
      ],
    ],
    swarm: ['snapshots', 'disk', 'default'],
    budget: 10,
    tests: ['packages/raft/src/log/crash.test.ts'],
  },
  {
    key: 'F11',
    title: 'the name of a new segment is not synced',
    patches: [
      [
        'raft/log/segment-writer',
        'await fileSystem.rename(path, this.#path(segment));\n        await fileSystem.syncDirectory(directory);',
        'await fileSystem.rename(path, this.#path(segment));',
      ],
    ],
    swarm: ['disk', 'default', 'snapshots'],
  },
  {
    key: 'F12',
    title: 'a full disk is ignored, and what did not fit is acknowledged',
    patches: [
      [
        'raft/log/segment-writer',
        'active.handle.write(active.offset, batch);\n        await',
        "try {\n            active.handle.write(active.offset, batch);\n        }\n        catch (error) {\n            if (error?.code !== 'DISK_FULL')\n                throw error;\n        }\n        await",
      ],
    ],
    swarm: ['disk'],
  },
  {
    key: 'F13',
    title: 'a snapshot says that it holds more than is applied',
    patches: [
      [
        'raft/replica/apply-loop',
        'return { ...this.#place, before: this.#before };',
        'return { ...this.#place, index: this.#commitIndex, before: this.#before };',
      ],
    ],
    swarm: ['snapshots', 'default'],
  },
  {
    key: 'F14',
    title: 'a compare that fails has written already',
    patches: [
      [
        'kv/mvcc/mvcc-store',
        "if (!holds)\n            return { type: 'compareFailed'",
        "if (!holds && record === undefined)\n            written(this.#versions.put(key, command.value, 0n));\n        if (!holds)\n            return { type: 'compareFailed'",
      ],
    ],
    swarm: ['default', 'elections'],
  },
  {
    key: 'F15',
    title: 'the time to live of a session is drawn during apply',
    patches: [
      ['kv/sessions', 'Math.max(MIN_SESSION_TTL_MS, ttlMs));', 'Math.max(MIN_SESSION_TTL_MS, ttlMs + Math.floor(Math.random() * 100)));'],
    ],
    swarm: ['default'],
  },
]
