import { shown } from './expected.js'
import type { RecordedMessage } from './recorded.js'
import type { Recorder } from './recorder.js'
import { deliveryTo, stateOf, type Reader, type Readers } from './readers.js'
import type { Tracked } from './tracking.js'

const MAX_ROWS = 30

/** Row of a message, or of the call: what it is, its state, and what it waits for. */
type Row = readonly [what: string, state: string, waitsFor: string]

/** A table of every message of a call: those that wait come first. */
export function stateTable ({ messages, publishing }: Tracked, readers: Readers, isRunning: boolean): string {
  const rows = [...messages].flatMap((message) => rowsOf(message, readers))
  const waiting = rows.filter(([,, waitsFor]) => waitsFor !== '')
  const done = rows.filter(([,, waitsFor]) => waitsFor === '')
  const all: Row[] = [
    ...isRunning ? [['the call', 'runs', 'its end'] as const] : [],
    ...Array.from(publishing, ({ topic }) => [`a message for ${topic}`, 'is being published', 'the cluster'] as const),
    ...waiting,
    ...done
  ]
  const left = all.length - MAX_ROWS
  const table = lines([['message', 'state', 'waits for'], ...all.slice(0, MAX_ROWS)])
  return left > 0 ? `${table}\n… and ${left} more` : table
}

/** A table of every message of a test. */
export function tableOfAll ({ messages }: Recorder, readers: Readers): string {
  return stateTable({ messages: new Set(messages), publishing: new Set() }, readers, false)
}

function rowsOf (message: RecordedMessage, readers: Readers): Row[] {
  const key = message.published?.key ?? null
  const what = key === null ? message.place : `${message.place}, key ${shown(key, 30)}`
  const waiting = readers.waitingFor(message)
  if (waiting.length === 0) return [[what, 'is done', '']]
  return waiting.map((reader) => [what, ...deliveryState(message, reader)])
}

function deliveryState (message: RecordedMessage, reader: Reader): readonly [state: string, waitsFor: string] {
  const delivery = deliveryTo(message, reader)
  const last = delivery?.last
  if (delivery === undefined || last === undefined) return ['is not handled yet', readerOf(reader)]
  const { subscriber } = delivery
  if (delivery.isGivenUp) return [`was given up by ${subscriber}`, 'its redelivery']
  if (!last.hasEnded) return [`runs in ${subscriber}, attempt ${last.attempt}`, 'the handler']
  if (last.failure === undefined) return [`was handled by ${subscriber}`, 'its settlement']
  const state = `failed in ${subscriber}, attempt ${last.attempt}: ${shown(last.failure.error.message, 40)}`
  return [state, last.delay === undefined ? 'its dead letter' : `a retry after ${Math.round(last.delay)} ms`]
}

function readerOf (reader: Reader): string {
  const { groupId, subscriber } = reader
  const state = stateOf(reader)
  const name = groupId === null ? subscriber : `${subscriber} of group ${groupId}`
  return state === undefined || state === 'reading' ? name : `${name}, which is ${state}`
}

function lines (rows: readonly Row[]): string {
  const first = Math.max(...rows.map(([what]) => what.length))
  const second = Math.max(...rows.map(([, state]) => state.length))
  return rows.map(([what, state, waitsFor]) => {
    return `${what.padEnd(first)}  ${state.padEnd(second)}  ${waitsFor}`.trimEnd()
  }).join('\n')
}
