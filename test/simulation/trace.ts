import { createHash } from 'node:crypto'
import type { Timeline } from './timeline.js'

/** Everything that happened, in one number; and line by line for those who want to read it. */
export class Trace {
  readonly #scheduler: Timeline
  readonly #hash = createHash('sha1')
  readonly #print: ((line: string) => void) | undefined

  constructor (scheduler: Timeline, print?: (line: string) => void) {
    this.#scheduler = scheduler
    this.#print = print
  }

  note (line: string, details = (): string => ''): void {
    this.#hash.update(`${this.#scheduler.now} ${line}\n`)
    this.comment(line, details)
  }

  /** For readers only. */
  comment (line: string, details = (): string => ''): void {
    this.#print?.(`${this.#scheduler.now.toFixed(1).padStart(9)} ${line} ${details()}`)
  }

  digest (): string {
    return this.#hash.digest('hex')
  }
}

/** For a reader: bytes by their length. */
export function inWords (value: unknown): string {
  return JSON.stringify(value, (_, each) => {
    if (typeof each === 'bigint') return Number(each)
    return each !== null && typeof each === 'object' && each.type === 'Buffer' ? `${each.data.length} bytes` : each
  })
}
