import { describe, expect, it } from 'vitest'
import { formatAddress, isLoopback, parseAddress } from './address.js'

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:2380', '127.0.0.1', 2380],
    ['localhost:1', 'localhost', 1],
    ['node-1.example.com:65535', 'node-1.example.com', 65_535],
    ['[::1]:2380', '::1', 2380],
    ['[fe80::1]:80', 'fe80::1', 80],
    ['http://10.0.0.1:80', '10.0.0.1', 80],
    ['HTTPS://host:443/', 'host', 443],
    ['tcp://host_a:5', 'host_a', 5],
  ])('reads %s', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port })
  })

  it.each([
    '',
    ':',
    'host',
    'host:',
    ':80',
    'host:0',
    'host:65536',
    'host:99999',
    'host:-1',
    'host:1e3',
    'host:0x50',
    'host: 80',
    ' host:80',
    'host:80 ',
    '::1:80',
    '[::1]',
    '[::1:80',
    '[host]:80',
    '[]:80',
    'http://',
    'http://host:80/path',
    'http://user@host:80',
    'host:80?x',
    'a b:80',
    'ho\nst:80',
    'ho\0st:80',
    '999.1.1.1:80',
    '010.0.0:80',
    `${'a'.repeat(254)}:80`,
    'ftp://host:80',
    'host:８０',
  ])('refuses %j', (text) => {
    expect(() => parseAddress(text)).toThrowError(expect.objectContaining({ code: 'INVALID' }))
  })

  it('allows port 0 only to listeners', () => {
    expect(parseAddress('127.0.0.1:0', { allowPortZero: true })).toEqual({ host: '127.0.0.1', port: 0 })
  })

  it('keeps control characters and length out of its text', () => {
    expect(() => parseAddress(`\u001b[31m${'x'.repeat(10_000)}`)).toThrowError(/^[\x20-\x7e«»]{0,200}$/)
  })

  it('is undone by formatAddress', () => {
    for (const text of ['127.0.0.1:2380', '[::1]:2380', 'host:1']) expect(formatAddress(parseAddress(text))).toBe(text)
  })
})

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::', false],
    ['0.0.0.0', false],
    ['localhost', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})
