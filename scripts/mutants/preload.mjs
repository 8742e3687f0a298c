// @ts-check
/** `node --import` this with BALSA_MUTANT=A4: the process runs with that bug planted. Without the variable nothing happens. */
import { register } from 'node:module'
import { mutantOf, patchedFiles } from './catalogue.mjs'

const key = process.env['BALSA_MUTANT'] ?? ''
if (key !== '') register('./hook.mjs', import.meta.url, { data: { files: Object.fromEntries(patchedFiles(mutantOf(key))) } })
