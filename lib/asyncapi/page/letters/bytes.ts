import { codeBlock, jsonBlock } from '../code.js'
import { el, type Child } from '../dom.js'
import { text } from '../json.js'

/** Number of bytes that are shown one by one. */
const MOST_SHOWN = 4096
const WIDTH = 16

/** Bytes as a person reads them: JSON or text where they are that, and each byte below. */
export function bytesView (what: string, base64: unknown): HTMLElement {
  const bytes = fromBase64(base64)
  if (bytes === undefined) return el('p', { class: 'muted' }, 'null')
  const readable = readableOf(what, bytes)
  return el('div', { class: 'bytes' },
    readable,
    el('details', { open: readable === undefined },
      el('summary', {}, bytes.length === 1 ? '1 byte' : `${bytes.length.toLocaleString('en')} bytes`),
      codeBlock(`the bytes of ${what}`, dump(bytes))
    )
  )
}

/** Bytes as text in one line; undefined when they are no text. */
export function lineOf (base64: unknown): string | undefined {
  const bytes = fromBase64(base64)
  return bytes && textOf(bytes)
}

/** Undefined for what is no base64, as null. */
export function fromBase64 (base64: unknown): Uint8Array | undefined {
  if (typeof base64 !== 'string') return undefined
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

function readableOf (what: string, bytes: Uint8Array): Child {
  const readable = textOf(bytes)
  if (text(readable) === undefined) return undefined
  try {
    return jsonBlock(what, JSON.parse(readable!))
  } catch {
    return codeBlock(what, readable!)
  }
}

/** Undefined for what is no UTF-8, and for control characters that show nothing. */
function textOf (bytes: Uint8Array): string | undefined {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return /[^\P{Cc}\n\r\t]/u.test(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}

/** Lines of an offset, bytes and their characters, as `hexdump -C` writes them. */
function dump (bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, MOST_SHOWN); at += WIDTH) {
    const row = [...bytes.subarray(at, at + WIDTH)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(WIDTH * 3 - 1)
    const characters = row.map((byte) => byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.').join('')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex}  ${characters}`)
  }
  if (bytes.length > MOST_SHOWN) lines.push(`… and ${bytes.length - MOST_SHOWN} bytes more`)
  return lines.join('\n')
}
