#!/usr/bin/env node
// @ts-check
/** `npm run docs:errors`: writes docs/errors.md from the comments in packages/raft/src/errors.ts, the one place where codes are described. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { root } from './processes.mjs'

export const sourcePath = 'packages/raft/src/errors.ts'
export const documentPath = 'docs/errors.md'

const families = /** @type {const} */ ({
  refused: ['Refused', 'Definitely not applied. Repeating the request is safe.'],
  unknown: ['Unknown', 'May or may not have been applied. Only a session can repeat it safely.'],
  fatal: ['Fatal', 'This node has stopped, or cannot start. Others go on without it.'],
})

/** @typedef {{ code: string, family: string, meaning: string }} Code */

/** @param {string} source Text of errors.ts. @returns {Code[]} */
export function readCodes(source) {
  const tree = ts.createSourceFile(sourcePath, source, ts.ScriptTarget.ES2023, true)
  /** @type {Code[]} */
  const codes = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'ERROR_FAMILIES') collect(node)
    else ts.forEachChild(node, visit)
  }
  /** @param {ts.Node} node */
  const collect = (node) => {
    if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.initializer)) {
      const code = node.name.getText()
      const comments = ts.getJSDocCommentsAndTags(node)
      const meaning = comments.map((comment) => ts.getTextOfJSDocComment(comment.comment) ?? '').join(' ')
      if (meaning === '') throw new Error(`${sourcePath}: ${code} has no comment that says what it means`)
      codes.push({ code, family: node.initializer.text, meaning: meaning.replace(/\s+/g, ' ').trim() })
    } else ts.forEachChild(node, collect)
  }
  visit(tree)
  if (codes.length === 0) throw new Error(`${sourcePath}: ERROR_FAMILIES not found`)
  return codes
}

/** @param {readonly Code[]} codes */
export function renderErrors(codes) {
  const lines = [
    '# Errors',
    '',
    '<!-- Written by `npm run docs:errors` from the comments in packages/raft/src/errors.ts. Change it there. -->',
    '',
    'Every error that leaves Balsa is a `BalsaError` with a `code` and a `family`. Codes and families are a contract; texts are not.',
    'The family alone tells whether the operation can have taken effect (`error.outcome`).',
  ]
  for (const [family, [title, meaning]] of Object.entries(families)) {
    lines.push('', `## ${title}`, '', meaning, '', '| code | meaning |', '|---|---|')
    for (const code of codes) if (code.family === family) lines.push(`| \`${code.code}\` | ${code.meaning.replaceAll('|', '\\|')} |`)
  }
  return `${lines.join('\n')}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(root + documentPath, renderErrors(readCodes(readFileSync(root + sourcePath, 'utf8'))))
  console.log(`wrote ${documentPath}`)
}
