#!/usr/bin/env node
// @ts-check
/**
 * `npm run fix:lock`: adds the packages of other platforms that npm left out of package-lock.json.
 *
 * npm leaves them out when it made the lock file beside an installed tree, or when the registry it used does not carry them (npm/cli#4828), and then
 * `npm ci` refuses the lock file. What is added is what the parent package says: exact version, and the platform that the name tells. Entries made here have no
 * checksum, because nothing was downloaded; they are development tools of platforms that this lock file was not made on. A lock file that was made
 * with the whole registry at hand has nothing to complete.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { root } from './processes.mjs'

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/**
 * @typedef {object} Locked
 * @property {string} [version]
 * @property {boolean} [dev]
 * @property {Record<string, string>} [optionalDependencies]
 */

/** Optional dependencies without an entry: path -> version and parent. @param {Record<string, Locked>} packages */
export function missingOptional(packages) {
  /** @type {Map<string, { version: string, parent: Locked }>} */
  const missing = new Map()
  for (const [path, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const present = packages[`node_modules/${name}`] ?? packages[`${path}/node_modules/${name}`]
      if (present === undefined) missing.set(`node_modules/${name}`, { version, parent })
    }
  }
  return missing
}

/** @param {string} path @param {string} version @param {Locked} parent */
function foreignPackage(path, version, parent) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    throw new Error(`${path}: ${version} is a range; only an exact version can be added without asking the registry`)
  const words = path.split(/[/-]/)
  const os = systems.find((word) => words.includes(word))
  const cpu = processors.find((word) => words.includes(word))
  if (cpu === undefined) throw new Error(`${path}: the name does not tell the platform`)
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : words.some((word) => word.startsWith('gnu')) ? 'glibc' : undefined
  return {
    version,
    cpu: [cpu],
    ...(parent.dev === true ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    ...(os === undefined ? {} : { os: [os] }),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = `${root}package-lock.json`
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const missing = missingOptional(lock.packages)
  for (const [path, { version, parent }] of missing) lock.packages[path] = foreignPackage(path, version, parent)
  // npm's own order, so that the next `npm install` changes nothing.
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`added ${missing.size} packages of other platforms`)
}
