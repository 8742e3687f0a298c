import { request } from 'node:http'

export interface HttpAnswer {
  readonly code: number
  readonly body: string
}

const MAX_BODY_BYTES = 1024 * 1024

/** GET from a member's client port. Rejects with an Error whose message is the reason, at the latest after `timeoutMs`. */
export function httpGet(endpoint: string, path: string, timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(
      `http://${endpoint}${path}`,
      { agent: false, headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => {
          body += piece
          if (body.length > MAX_BODY_BYTES) call.destroy(new Error('the answer is too long: not a Balsa member?'))
        })
        response.on('end', () => resolve({ code: response.statusCode ?? 0, body }))
        response.on('error', reject)
      },
    )
    call.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.name === 'AbortError' || error.name === 'TimeoutError' ? new Error(`no answer within ${timeoutMs} ms`) : reasonOf(error))
    })
    call.end()
  })
}

function reasonOf(error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case 'ECONNREFUSED':
      return new Error('connection refused: nothing listens there', { cause: error })
    case 'ENOTFOUND':
      return new Error('the name cannot be resolved', { cause: error })
    case 'ECONNRESET':
    case 'HPE_INVALID_CONSTANT':
      return new Error('the connection was broken: not the client port of a Balsa member?', { cause: error })
    default:
      return error
  }
}
