import { userInfo } from 'node:os'
import { reasonOf } from '../to-error.js'
import type { Call, Output } from './command.js'

/** Writes one value as JSON, offsets as text. */
export function writeJson (out: Output, value: unknown): void {
  out.write(`${JSON.stringify(value, asText, 2)}\n`)
}

/** Writes one value as JSON, in one line. */
export function writeLine (out: Output, value: object): void {
  out.write(`${JSON.stringify(value)}\n`)
}

/**
 * Does the work of a command that changes something, and writes what it has changed and who called it where errors go:
 * that is no part of the result. Work that fails may have changed something, too: then `facts` gets no result.
 */
export async function audited<Result> (
  { err }: Pick<Call, 'err'>, command: string, facts: (result?: Result) => object, work: () => Promise<Result>
): Promise<Result> {
  const write = (all: object): void => {
    const [time, user] = [new Date().toISOString(), userName()]
    err.write(`${JSON.stringify({ audit: command, time, user, ...all }, asText)}\n`)
  }
  const result = await work().catch((error) => {
    write({ ...facts(), error: reasonOf(error) })
    throw error
  })
  write(facts(result))
  return result
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

/** In a container the user may have a number and no name. */
function userName (): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.())
  }
}

function asText (_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
