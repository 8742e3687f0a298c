import { describe, expect, it } from 'vitest'
import type { AppliedCommand, StateMachine } from '../ports/state-machine.js'
import { bytesOf, textOf, WordList } from '../replica/word-list.test-support.js'
import type { StateMachineFixture } from './state-machine.js'
import { stateMachineConformance } from './state-machine.js'

type Words = StateMachine<number, 'words' | 'length', readonly string[] | number>

const fixtureOf = (create: () => Words) => (): StateMachineFixture<number, 'words' | 'length', readonly string[] | number> => ({
  create,
  commands: Array.from({ length: 30 }, (_, position) => bytesOf(`word${position}`)),
  queries: ['words', 'length'],
})

describe('WordList conforms to StateMachine', () => {
  for (const { name, run } of stateMachineConformance(fixtureOf(() => new WordList()))) it(name, run)
})

/** Names of the cases that this machine fails. */
async function failed(create: () => Words): Promise<readonly string[]> {
  const names: string[] = []
  for (const { name, run } of stateMachineConformance(fixtureOf(create))) {
    await run().catch(() => names.push(name))
  }
  return names
}

describe('the suite catches', () => {
  it('a machine that forgets to empty itself', async () => {
    class Sticky extends WordList {
      override async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
        const before = this.words
        await super.restore(chunks)
        if (this.words.length === 0) this.words = before
      }
    }
    expect(await failed(() => new Sticky())).toContain('an empty snapshot resets')
  })

  it('a machine that adds to what it has', async () => {
    class Adding extends WordList {
      override async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
        const before = this.words
        await super.restore(chunks)
        this.words = [...before, ...this.words]
      }
    }
    expect(await failed(() => new Adding())).toContain('restore replaces the whole state')
  })

  it('a snapshot that moves while it is read', async () => {
    class Moving extends WordList {
      override async *snapshot(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < this.words.length; at++) yield bytesOf(`${this.words[at]} `)
      }
    }
    expect(await failed(() => new Moving())).toContain('a snapshot is the state at one moment, also when it is read while more is applied')
  })

  it('a machine that looks at something that is not in the log', async () => {
    let calls = 0
    class Random extends WordList {
      override apply(batch: readonly AppliedCommand[]): readonly number[] {
        return batch.map(({ command }) => this.words.push(`${textOf(command)}${calls++}`))
      }
    }
    expect(await failed(() => new Random())).toContain('equal commands give equal results and equal state')
  })

  it('a machine that depends on batches, swallows errors, or reads chunks as records', async () => {
    class Careless extends WordList {
      override apply(batch: readonly AppliedCommand[]): readonly number[] {
        this.words.push(`batch of ${batch.length}`)
        return batch.map(({ command }) => this.words.push(textOf(command)))
      }
      override async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
        this.words = []
        try {
          for await (const chunk of chunks)
            this.words.push(
              ...textOf(chunk)
                .split(' ')
                .filter((word) => word !== ''),
            )
        } catch {
          this.words = []
        }
      }
    }
    const names = await failed(() => new Careless())
    expect(names).toContain('how commands are cut into batches makes no difference')
    expect(names).toContain('how a snapshot is cut into chunks makes no difference')
    expect(names).toContain('restore fails when its input fails')
  })
})
