import type { Output } from './command.js'

/** Writes one value as JSON, offsets as text. */
export function writeJson (out: Output, value: unknown): void {
  const asText = (_: string, each: unknown): unknown => typeof each === 'bigint' ? String(each) : each
  out.write(`${JSON.stringify(value, asText, 2)}\n`)
}

/** Writes one value as JSON, in one line. */
export function writeLine (out: Output, value: object): void {
  out.write(`${JSON.stringify(value)}\n`)
}

/** Writes rows under a head, as wide as the widest cell of each column. */
export function writeTable (out: Output, head: readonly string[], rows: ReadonlyArray<readonly string[]>): void {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)))
  for (const row of [head, ...rows]) {
    out.write(`${row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ').trimEnd()}\n`)
  }
}

/** Bytes as text where they are that, else as base64. */
export function shownBytes (bytes: Buffer | null): string {
  if (bytes === null) return '-'
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : `base64:${bytes.toString('base64')}`
}
