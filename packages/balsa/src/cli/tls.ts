import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsOptions } from '../http2-dialer.js'
import { UsageError } from './text.js'

/** Names of files in PEM, as etcdctl takes them. */
export interface TlsFlags {
  readonly cacert?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/**
 * What the flags say of `https://` endpoints; all of it is looked at before anybody is asked. `flag`: how those of these endpoints begin.
 * Throws UsageError.
 */
export function readTls({ cacert, cert, key }: TlsFlags, endpoints: readonly string[], flag = '--'): TlsOptions {
  if (cacert === undefined && cert === undefined && key === undefined) return {}
  if (!endpoints.some((endpoint) => /^https:/i.test(endpoint)))
    throw new UsageError(`${flag}cacert, ${flag}cert and ${flag}key are for https:// endpoints, and there is none`)
  if ((cert === undefined) !== (key === undefined)) throw new UsageError(`${flag}cert and ${flag}key go together`)
  const tls = {
    ...(cacert === undefined ? {} : { ca: readPem(cacert, `${flag}cacert`, 'CERTIFICATE') }),
    ...(cert === undefined ? {} : { cert: readPem(cert, `${flag}cert`, 'CERTIFICATE') }),
    ...(key === undefined ? {} : { key: readPem(key, `${flag}key`, 'PRIVATE KEY') }),
  }
  try {
    createSecureContext(tls)
  } catch (error) {
    const files = [cacert, cert, key].filter((file) => file !== undefined).join(', ')
    throw new UsageError(`${files} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
  return tls
}

function readPem(file: string, flag: string, what: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${flag}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (!text.includes(`${what}-----`)) throw new UsageError(`${flag}: ${file} holds no ${what.toLowerCase()} in PEM`)
  return text
}
