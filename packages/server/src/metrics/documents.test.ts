import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMemberMetrics } from './member-metrics.js'

const text = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8')

describe('docs/metrics.md', () => {
  it('lists every metric as it is declared, and no other', () => {
    const declared = createMemberMetrics().registry.describe()
    const rows = declared.map(({ name, type, help, labels }) => {
      const labelText = Object.entries(labels).map(([label, values]) => `\`${label}\`: ${values.join(', ')}`)
      return `| \`${name}\` | ${type} | ${help}${labelText.length === 0 ? '' : ` ${labelText.join('; ')}`} |`
    })
    const documented = text.split('\n').filter((line) => /^\| `\w+` \| (counter|gauge|histogram) \|/.test(line))
    expect(documented).toEqual(rows)
  })
})
