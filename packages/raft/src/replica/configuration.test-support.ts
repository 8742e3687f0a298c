import type { Configuration } from '../types.js'
import { asMemberId, foundingConfiguration } from '../types.js'

/** Founding configuration of members 1..size. */
export function configurationOf(size: number): Configuration {
  const ids = Array.from({ length: size }, (_, position) => asMemberId(position + 1))
  const members = ids.map((id) => ({ id, address: `peer-${id}`, clientAddress: `client-${id}`, name: `n${id}` }))
  return foundingConfiguration(members)
}
