/** Rules on text: words that mark unfinished work, paths of one machine, links of the documents. */
import { posix } from 'node:path'
import type { Finding, Source } from './source.js'

// Put together from pieces, so that this file does not break its own rules.
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`)
const MACHINE_PATH = /(?<![\w.~$}*-])\/(?:work|farm|root|home|Users|tmp\/balsa)(?:\/[\w.-]+|(?=['"`\s),;:]|$))/

/** Working papers of the authors, quoted by number: a reader of the repository cannot look them up. */
const PRIVATE_PAPER = /\b(?:MISSION|LESSONS|FAULTS|SCENARIOS)(?:\.md| [A-Z]\d+)/

function matchingLines(source: Source, pattern: RegExp, message: (found: string) => string): Finding[] {
  return source.text.split('\n').flatMap((text, index) => {
    const found = pattern.exec(text)
    return found === null ? [] : [{ path: source.path, line: index + 1, message: message(found[0]) }]
  })
}

/** Unfinished work belongs into an issue, where somebody finds it. */
export const unfinishedMarks = (source: Source): Finding[] =>
  source.path === 'package-lock.json' ? [] : matchingLines(source, UNFINISHED, (word) => `${word}: open an issue instead`)

export const machinePaths = (source: Source): Finding[] =>
  matchingLines(source, MACHINE_PATH, (path) => `${path} exists only on the machine of the author`)

export const privatePapers = (source: Source): Finding[] =>
  matchingLines(source, PRIVATE_PAPER, (paper) => `${paper} is not in the repository: say what it says, or name the section of the paper`)

const LINK = /(?<!`)!?\[(?:[^\]\\]|\\.)*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/g

/** Relative links of Markdown files point to something that exists, and their anchors to a heading. */
export function brokenLinks(source: Source, exists: (path: string) => boolean, read: (path: string) => string): Finding[] {
  if (!source.path.endsWith('.md')) return []
  const findings: Finding[] = []
  for (const [index, line] of withoutCode(source.text).split('\n').entries()) {
    for (const match of line.matchAll(LINK)) {
      const link = match[1] ?? match[2] ?? ''
      if (/^[a-z][a-z+.-]*:/i.test(link)) continue
      const fault = linkFault(source, decodeURI(link), exists, read)
      if (fault !== undefined) findings.push({ path: source.path, line: index + 1, message: fault })
    }
  }
  return findings
}

function linkFault(source: Source, link: string, exists: (path: string) => boolean, read: (path: string) => string): string | undefined {
  const [file = '', anchor] = link.split('#')
  if (file.startsWith('/')) return `link ${link} is absolute`
  const target = file === '' ? source.path : posix.normalize(posix.join(posix.dirname(source.path), file))
  if (file !== '' && (target.startsWith('../') || !exists(target))) return `link ${link}: ${target} does not exist`
  if (anchor === undefined || anchor === '' || !target.endsWith('.md')) return undefined
  const text = file === '' ? source.text : read(target)
  return headingAnchors(text).has(anchor) ? undefined : `link ${link}: ${target} has no such heading`
}

/** Blank instead of removed, so that line numbers stay. */
const withoutCode = (text: string): string =>
  text
    .replace(/^(\s*)(```|~~~)[^\n]*\n[\s\S]*?^\s*\2[^\n]*$/gm, (block) => block.replace(/[^\n]/g, ' '))
    .replace(/`[^`\n]*`/g, (span) => ' '.repeat(span.length))

/** Anchors as the common hosts make them: lower case, spaces to hyphens, punctuation dropped, repeats numbered. */
function headingAnchors(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const seen = new Map<string, number>()
  for (const match of text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const base = (match[1] ?? '')
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const count = seen.get(base) ?? 0
    seen.set(base, count + 1)
    anchors.add(count === 0 ? base : `${base}-${count}`)
  }
  return anchors
}
