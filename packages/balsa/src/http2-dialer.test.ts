import { constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Http2Session } from '@balsa/client'
import { afterEach, describe, expect, it } from 'vitest'
import { NodeHttp2Dialer } from './http2-dialer.js'

const FIELDS = { ':method': 'POST', ':scheme': 'http', ':path': '/a/b', ':authority': 'test' }

let server: Http2Server | null = null
let rawServer: Server | null = null
let session: Http2Session | null = null

afterEach(async () => {
  session?.close()
  await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())))
  await new Promise<void>((resolve) => (rawServer === null ? resolve() : rawServer.close(() => resolve())))
  server = null
  rawServer = null
})

async function serve(onStream: (stream: ServerHttp2Stream, session: NonNullable<ServerHttp2Stream['session']>) => void): Promise<string> {
  const started = createServer()
  server = started
  started.on('session', (one) => one.on('error', () => undefined))
  started.on('stream', (stream) => {
    stream.on('error', () => undefined)
    if (stream.session !== undefined) onStream(stream, stream.session)
  })
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
  const address = started.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

/** What a stream that is opened there tells, in its order. */
async function told(endpoint: string, paused = false): Promise<string[]> {
  const dialer = new NodeHttp2Dialer()
  const events: string[] = []
  await new Promise<void>((resolve) => {
    const dialed = dialer.dial(endpoint, {
      onOpen: () => {
        const stream = dialed.open(FIELDS, {
          onHeaders: (fields) => events.push(`headers ${fields[':status']}`),
          onData: (bytes) => events.push(`data ${Buffer.from(bytes).toString()}`),
          onTrailers: (fields) => events.push(`trailers ${fields['grpc-status']}`),
          onClose: (_reason, unprocessed) => {
            events.push(unprocessed ? 'unprocessed' : 'closed')
            resolve()
          },
        })
        if (paused) stream.pause()
        stream.write(Buffer.from('x'), true)
      },
      onGoAway: () => events.push('leaving'),
      onClose: () => {
        events.push('over')
        resolve()
      },
    })
    session = dialed
  })
  return events
}

const text = (value: string): string => `${value.length.toString(16).padStart(2, '0')}${Buffer.from(value).toString('hex')}`
const field = (name: string, value: string): string => `00${text(name)}${text(value)}`
const frame = (typeAndFlags: string, payload: string): string =>
  `${(payload.length / 2).toString(16).padStart(6, '0')}${typeAndFlags}00000001${payload}`

/** All of an answer with data and trailers on stream 1. */
const ANSWER = [frame('0104', '88'), frame('0000', Buffer.from('hello').toString('hex')), frame('0105', field('grpc-status', '0'))].join('')

/** A server that leaves, and has looked at streams up to this one. That of Node.js always says that it has looked at all. */
function leaving(lastStreamId: number): Promise<string> {
  const goAway = Buffer.from('0000080700'.padEnd(34, '0'), 'hex')
  goAway.writeUInt32BE(lastStreamId, 9)
  return onRequest((socket) => socket.write(goAway))
}

async function onRequest(answer: (socket: Socket) => void): Promise<string> {
  const settings = Buffer.from('000000040000000000', 'hex')
  const raw = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.write(settings)
    // Behind the preface and the settings comes the request.
    let bytes = 0
    socket.on('data', (data) => {
      bytes += data.length
      if (bytes > 70) answer(socket)
    })
  })
  rawServer = raw
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
  const address = raw.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe('HTTP/2 of Node.js for clients', () => {
  it('tells a response in its order', async () => {
    const endpoint = await serve((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end('hello')
    })
    expect(await told(endpoint)).toEqual(['headers 200', 'data hello', 'trailers 0', 'closed'])
  })

  it('tells no trailers when the connection ended before the data in front of them were read', async () => {
    const endpoint = await onRequest((socket) => socket.end(Buffer.from(ANSWER, 'hex')))
    expect(await told(endpoint)).toEqual(['headers 200', 'data hello', 'trailers 0', 'closed'])
    expect((await told(endpoint, true)).slice(0, 2)).toEqual(['headers 200', 'closed'])
  })

  it('calls a stream unprocessed when the server has refused it, or left before it, and only then', async () => {
    expect(await told(await serve((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)))).toEqual(['unprocessed'])
    expect(await told(await serve((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)))).toEqual(['closed'])
    expect(await told(await leaving(0))).toEqual(['leaving', 'unprocessed'])
    expect(await told(await serve((_stream, one) => one.goaway(constants.NGHTTP2_REFUSED_STREAM, 1)))).toEqual(['leaving', 'closed'])
    expect((await told(await serve((_stream, one) => one.destroy()))).slice(0, 2)).toEqual(['leaving', 'closed'])
  })

  it('says when there is nobody, and what is no address', async () => {
    const endpoint = await serve(() => undefined)
    await new Promise<void>((resolve) => server?.close(() => resolve()))
    expect(await told(endpoint)).toEqual(['over'])
    expect(await told('no address at all')).toEqual(['over'])
  })
})
