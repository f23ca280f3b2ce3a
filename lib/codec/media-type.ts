/** A content type in its parts, in lower case. */
export interface MediaType {
  /** `type/subtype` */
  readonly essence: string
  readonly charset: string | undefined
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?`, 'y')

/** Longer than any content type: only what comes before its parameters is read. */
const MAX_LENGTH = 1024

/** Reads a content type as HTTP writes it: case does not count, and a parameter may be quoted (RFC 9110, 8.3.1). */
export function parseMediaType (text: string): MediaType {
  const end = text.indexOf(';')
  if (end === -1) return { essence: text.trim().toLowerCase(), charset: undefined }
  const essence = text.slice(0, end).trim().toLowerCase()
  return { essence, charset: text.length > MAX_LENGTH ? undefined : charsetIn(text, end) }
}

/** The first one counts, and what follows a malformed parameter is not read. */
function charsetIn (text: string, start: number): string | undefined {
  PARAMETER.lastIndex = start
  for (let found = PARAMETER.exec(text); found !== null; found = PARAMETER.exec(text)) {
    const [, name, token, quoted = ''] = found
    if (name?.toLowerCase() === 'charset') return (token ?? quoted.replaceAll(/\\(.)/g, '$1')).toLowerCase()
  }
  return undefined
}

/** The JSON types of the MIME Sniffing Standard of the WHATWG. */
export function isJsonType (essence: string): boolean {
  return essence === 'application/json' || essence.endsWith('+json') || essence === 'text/json'
}
