/** Known answers of RFC 7541 appendix C. Each group shares one connection; sizes are of the dynamic table after the block. */
export interface Vector {
  readonly fields: readonly string[]
  readonly hex: string
  readonly tableBytes: number
}

export interface VectorGroup {
  readonly section: string
  readonly maxTableBytes: number
  readonly huffman: boolean
  readonly vectors: readonly Vector[]
}

const request1 = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com']
const request2 = [...request1, 'cache-control', 'no-cache']
const request3 = [
  ':method',
  'GET',
  ':scheme',
  'https',
  ':path',
  '/index.html',
  ':authority',
  'www.example.com',
  'custom-key',
  'custom-value',
]
const date1 = 'Mon, 21 Oct 2013 20:13:21 GMT'
const date2 = 'Mon, 21 Oct 2013 20:13:22 GMT'
const location = 'https://www.example.com'
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const response1 = [':status', '302', 'cache-control', 'private', 'date', date1, 'location', location]
const response2 = [':status', '307', 'cache-control', 'private', 'date', date1, 'location', location]
const response3 = [
  ':status',
  '200',
  'cache-control',
  'private',
  'date',
  date2,
  'location',
  location,
  'content-encoding',
  'gzip',
  'set-cookie',
  cookie,
]

const vector = (fields: readonly string[], tableBytes: number, ...hex: readonly string[]): Vector => ({
  fields,
  tableBytes,
  hex: hex.join(''),
})

export const APPENDIX_C: readonly VectorGroup[] = [
  {
    section: 'C.3 requests without Huffman coding',
    maxTableBytes: 4096,
    huffman: false,
    vectors: [
      vector(request1, 57, '828684410f7777772e6578616d706c652e636f6d'),
      vector(request2, 110, '828684be58086e6f2d6361636865'),
      vector(request3, 164, '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565'),
    ],
  },
  {
    section: 'C.4 requests with Huffman coding',
    maxTableBytes: 4096,
    huffman: true,
    vectors: [
      vector(request1, 57, '828684418cf1e3c2e5f23a6ba0ab90f4ff'),
      vector(request2, 110, '828684be5886a8eb10649cbf'),
      vector(request3, 164, '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf'),
    ],
  },
  {
    section: 'C.5 responses without Huffman coding, a small table',
    maxTableBytes: 256,
    huffman: false,
    vectors: [
      vector(
        response1,
        222,
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e17',
        '68747470733a2f2f7777772e6578616d706c652e636f6d',
      ),
      vector(response2, 222, '4803333037c1c0bf'),
      vector(
        response3,
        215,
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541',
        '585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
      ),
    ],
  },
  {
    section: 'C.6 responses with Huffman coding, a small table',
    maxTableBytes: 256,
    huffman: true,
    vectors: [
      vector(
        response1,
        222,
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
      ),
      vector(response2, 222, '4883640effc1c0bf'),
      vector(
        response3,
        215,
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587',
        '316065c003ed4ee5b1063d5007',
      ),
    ],
  },
]
