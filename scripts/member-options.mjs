// @ts-check
/** Options of a member that runs in this process, as its program would read them. */
import { join } from 'node:path'
import { parseConfig } from '@balsa/server'
import { HOST } from './ports.mjs'

/** It keeps its data in a folder of its name. @param {string} directory @param {{ peer: number, client: number }} ports @param {string} name @param {readonly string[]} more */
export const memberOptions = (directory, ports, name, more) =>
  parseConfig(
    [
      `--name=${name}`,
      `--data-dir=${join(directory, name)}`,
      `--listen-peer-urls=${HOST}:${ports.peer}`,
      `--listen-client-urls=${HOST}:${ports.client}`,
      ...more,
    ],
    {},
  )
