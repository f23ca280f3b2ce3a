import { parseArgs } from 'node:util'
import { FAULT_KINDS, type FaultKind } from './plan.js'

const MODES = ['ours', 'naive', 'naive-batch'] as const
export type Mode = typeof MODES[number]
const ORDERINGS = ['key', 'partition'] as const

export interface Options {
  readonly seed: number
  /** Who consumes and produces: this plugin, or kafkajs as people write it. */
  readonly mode: Mode
  /** The subscribers' option. */
  readonly ordering: typeof ORDERINGS[number]
  readonly short: boolean
  /** At least so many; more when the faults take longer. */
  readonly messages: number
  /** Duration of producing, s. */
  readonly duration: number
  readonly faults: number
  /** The one kind of fault that there is, to look into it; undefined: all. */
  readonly only: FaultKind | undefined
  /** After so long no further fault begins, s. */
  readonly limit: number
  /** Where the history, the effects and the processes' logs are left; undefined: nowhere. */
  readonly keep: string | undefined
}

export function readOptions (args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      mode: { type: 'string', default: 'ours' },
      ordering: { type: 'string', default: 'key' },
      short: { type: 'boolean', default: false },
      messages: { type: 'string' },
      duration: { type: 'string' },
      faults: { type: 'string' },
      only: { type: 'string' },
      limit: { type: 'string' },
      keep: { type: 'string' }
    }
  })
  const { short, keep } = values
  return {
    seed: natural('seed', values.seed),
    mode: oneOf('mode', values.mode, MODES),
    ordering: oneOf('ordering', values.ordering, ORDERINGS),
    short,
    keep,
    messages: natural('messages', values.messages ?? (short ? '15000' : '100000')),
    duration: natural('duration', values.duration ?? (short ? '75' : '400')),
    only: values.only === undefined ? undefined : oneOf('only', values.only, FAULT_KINDS),
    limit: natural('limit', values.limit ?? (short ? '110' : '3600')),
    faults: natural('faults', values.faults ?? (short ? '8' : '32'))
  }
}

function oneOf<T extends string> (name: string, text: string, values: readonly T[]): T {
  const value = values.find((value) => value === text)
  if (value === undefined) throw new TypeError(`--${name} must be one of ${values.join(', ')}`)
  return value
}

function natural (name: string, text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new TypeError(`--${name} must be a whole number of at least 1`)
  return number
}
