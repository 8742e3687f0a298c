/** A header block that cannot be decoded. The dynamic tables of both sides differ from here on: always the end of the connection (RFC 9113 4.3). */
export class HpackError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'HpackError'
  }
}
