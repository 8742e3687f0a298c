import { describe, expect, it } from 'vitest'
import { parseExposition, sampleOf } from './exposition.test-support.js'
import { exponentialBounds, Registry } from './registry.js'

describe('Registry', () => {
  it('renders what a scraper can read, with every series from the start', () => {
    const registry = new Registry()
    const requests = registry.counter('requests_total', 'Requests.', { type: ['get', 'put'], ok: ['yes', 'no'] })
    registry.gauge('level', 'A\nlevel \\ here.').set({}, -1.5)
    requests.increment({ type: 'put', ok: 'no' }, 3)
    const families = parseExposition(registry.render())
    expect(families.get('requests_total')?.samples.map(({ labels, value }) => [...labels.values(), value])).toEqual([
      ['get', 'yes', 0],
      ['get', 'no', 0],
      ['put', 'yes', 0],
      ['put', 'no', 3],
    ])
    expect(families.get('level')?.help).toBe('A\\nlevel \\\\ here.')
    expect(sampleOf(registry.render(), 'level')).toBe(-1.5)
  })

  it('escapes label values so that they come back unchanged', () => {
    const registry = new Registry()
    const odd = 'a "quoted\\ line\nand more'
    registry.gauge('odd', 'x', { value: [odd] }).set({ value: odd }, 1)
    expect([...(parseExposition(registry.render()).get('odd')?.samples[0]?.labels.values() ?? [])]).toEqual([odd])
  })

  it('refuses label values that were not declared: a client cannot make series', () => {
    const registry = new Registry()
    const counter = registry.counter('c_total', 'x', { type: ['a'] })
    for (const type of ['b', '__proto__', 'constructor', 'a"} 1\nevil 2']) {
      expect(() => counter.increment({ type: type as 'a' })).toThrow(/declared with the metric/)
    }
    expect(parseExposition(registry.render()).get('c_total')?.samples).toHaveLength(1)
  })

  it('counts histogram values into the bucket whose limit they do not exceed', () => {
    const registry = new Registry()
    const histogram = registry.histogram('h_seconds', 'x', [0.1, 1])
    for (const value of [0, 0.1, 0.2, 1, 5]) histogram.observe(value)
    const buckets = parseExposition(registry.render())
      .get('h_seconds')
      ?.samples.map(({ value }) => value)
    expect(buckets?.slice(0, 3)).toEqual([2, 4, 5])
    expect(buckets?.[3]).toBeCloseTo(6.3)
    expect(buckets?.[4]).toBe(5)
  })

  it('refuses names, types and uses that would break the format', () => {
    const registry = new Registry()
    expect(() => registry.counter('requests', 'x')).toThrow(/_total/)
    expect(() => registry.gauge('a-b', 'x')).toThrow(/data model/)
    expect(() => registry.gauge('g', 'x', { '0x': ['a'] })).toThrow(/label names/)
    registry.gauge('g2', 'x')
    expect(() => registry.gauge('g2', 'x')).toThrow(/once/)
    expect(() => registry.histogram('h', 'x', [2, 1])).toThrow(/ascend/)
    expect(() => registry.counter('c_total', 'x').increment({}, -1)).toThrow(/grows/)
  })

  it('asks its collectors before it renders', () => {
    const registry = new Registry()
    const gauge = registry.gauge('now', 'x')
    let value = 0
    registry.collect(() => gauge.set({}, ++value))
    registry.render()
    expect(sampleOf(registry.render(), 'now')).toBe(2)
  })
})

describe('exponentialBounds', () => {
  it('multiplies without rounding noise', () => expect(exponentialBounds(0.1, 10, 3)).toEqual([0.1, 1, 10]))
})

describe('parseExposition', () => {
  it.each([
    ['a 1', /line feed/],
    ['a 1\n', /outside/],
    ['# HELP a x\n# TYPE a gauge\na 1\na 2\n', /twice/],
    ['# HELP a x\n# TYPE a gauge\na{b="c"d="e"} 1\n', /bad labels/],
    ['# HELP a x\n# TYPE a gauge\na one\n', /bad value/],
    ['# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n', /ascend/],
    ['# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n', /Inf/],
  ])('finds the fault in %j', (text, fault) => expect(() => parseExposition(text)).toThrow(fault))
})
