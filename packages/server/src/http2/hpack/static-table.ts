/** RFC 7541 appendix A: names and values at the indices 1 to 61, flat. */
const FIELDS =
  ':authority||:method|GET|:method|POST|:path|/|:path|/index.html|:scheme|http|:scheme|https|:status|200|:status|204|:status|206|:status|304|' +
  ':status|400|:status|404|:status|500|accept-charset||accept-encoding|gzip, deflate|accept-language||accept-ranges||accept||' +
  'access-control-allow-origin||age||allow||authorization||cache-control||content-disposition||content-encoding||content-language||' +
  'content-length||content-location||content-range||content-type||cookie||date||etag||expect||expires||from||host||if-match||' +
  'if-modified-since||if-none-match||if-range||if-unmodified-since||last-modified||link||location||max-forwards||proxy-authenticate||' +
  'proxy-authorization||range||referer||refresh||retry-after||server||set-cookie||strict-transport-security||transfer-encoding||' +
  'user-agent||vary||via||www-authenticate|'

const parts = FIELDS.split('|')

/** Number of entries: the dynamic table begins behind it. */
export const STATIC_ENTRIES = 61

/** By index; the entry 0 does not exist. */
export const STATIC_NAMES: readonly string[] = ['', ...parts.filter((_, at) => at % 2 === 0)]
export const STATIC_VALUES: readonly string[] = ['', ...parts.filter((_, at) => at % 2 === 1)]

const byName = new Map<string, number>()
const byField = new Map<string, number>()
for (let index = 1; index <= STATIC_ENTRIES; index++) {
  const name = STATIC_NAMES[index] ?? ''
  const value = STATIC_VALUES[index] ?? ''
  if (!byName.has(name)) byName.set(name, index)
  if (value !== '') byField.set(`${name}\0${value}`, index)
}

/** First index with this name; 0 when there is none. */
export const staticNameIndex = (name: string): number => byName.get(name) ?? 0

/** Index with this name and value; 0 when there is none. */
export const staticFieldIndex = (name: string, value: string): number => byField.get(`${name}\0${value}`) ?? 0
