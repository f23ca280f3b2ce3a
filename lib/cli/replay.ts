import type { Broker } from '../broker/broker.js'
import { sleep } from '../clock.js'
import { endsOf, positionsOf, readLog } from '../dead-letters/log-reader.js'
import type { Outgoing } from '../message/outgoing.js'
import { isRedriven, redriveHeaders } from '../message/redrive-headers.js'
import type { ConsumedRecord, TopicPartitionOffset } from '../transport/transport.js'
import { BROKER, BROKER_HELP, chosenBroker } from './chosen-broker.js'
import { textOf, type Call, type Command, type ExitCode } from './command.js'
import { loadApp } from './load-app.js'
import { audited, writeJson } from './output.js'
import { progressOf, type Progress } from './progress.js'
import { offsetIn, PLACES_HELP, resetOf } from './range.js'
import { numberOf } from './selecting.js'
import { UsageError } from './usage-error.js'

/** Messages that are published together. */
const BATCH = 100

export const replay: Command = {
  usage: 'faststream replay [app] --topic orders --group shop --from place [--to place] [--dry-run] [--rate 50]',
  help: `Publishes a range of a topic again, for one group: the others skip these messages before they decode them. Key,
value and headers are the same bytes, in the same partition and order. What was replayed or redriven before is left
out, for its original counts. An audit line on stderr has who and what. Exit code 1: it was stopped, or a batch of the
range is damaged; 'next' tells where to go on.

  --topic orders             the topic
  --group shop               the group, which is one of the app's and reads the topic
  --from, --to               the range; where --to is not written, all that is there when the command begins
${PLACES_HELP}
  --dry-run                  publishes nothing, and says how many it would be
  --rate 50                  messages per second
${BROKER_HELP}`,
  options: {
    ...BROKER,
    topic: { type: 'string' },
    group: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    'dry-run': { type: 'boolean' },
    rate: { type: 'string' }
  },
  run
}

/** What becomes of a range. */
interface Report {
  replayed: number
  /** Messages that were replayed or redriven before. */
  leftOut: number
  damaged: number
  stopped: boolean
  /** Where each partition goes on: behind what is published, or the first of a batch that is not. */
  readonly next: TopicPartitionOffset[]
}

async function run (call: Call): Promise<ExitCode> {
  const { values, positionals: [file], rest, out, signal } = call
  const [topic, group, from] = ['topic', 'group', 'from'].map((name) => textOf(values, name))
  if (topic === undefined) throw new UsageError('name the topic: --topic orders')
  if (group === undefined) throw new UsageError('name the one group that is to handle the messages: --group shop')
  if (from === undefined) throw new UsageError('say where the range begins: --from 2026-11-30T08:00:00Z')
  const dryRun = values['dry-run'] === true
  const to = textOf(values, 'to')
  const rate = numberOf(values, 'rate') ?? Infinity
  if (rate < 0.1) throw new UsageError('--rate must be 0.1 at least')
  const app = await loadApp({ file, rest, connects: true })
  try {
    const broker = chosenBroker(app, values)
    checkGroup(broker, topic, group)
    const ranges = await rangesOf(broker, topic, from, to ?? 'now')
    const progress = progressOf(call)
    const next = ranges.map(({ end, ...begin }) => begin)
    const report: Report = { replayed: 0, leftOut: 0, damaged: 0, stopped: false, next }
    const work = async (): Promise<void> => {
      await replayAll(broker, ranges, { group, dryRun, rate, report, progress }, signal).finally(() => {
        progress.end()
      })
    }
    if (dryRun) await work()
    else await audited(call, 'replay', () => ({ broker: broker.name, topic, group, from, to, ...report }), work)
    if (values.json === true) writeJson(out, { dryRun, ...report })
    else {
      const { replayed, leftOut, damaged, stopped } = report
      const others = [`${leftOut} left out`, damaged > 0 && `${damaged} damaged`, stopped && 'stopped'].filter(Boolean)
      out.write(`${replayed} ${dryRun ? 'would be ' : ''}replayed for group '${group}', ${others.join(', ')}\n`)
      if (stopped) out.write(`next: ${next.map(({ partition, offset }) => `${partition}:${offset}`).join(' ')}\n`)
    }
    return report.stopped || report.damaged > 0 ? 1 : 0
  } finally {
    await app.close()
  }
}

/** @throws UsageError */
function checkGroup (broker: Broker, topic: string, group: string): void {
  const readers = broker.compiledSubscribers.filter(({ declaration }) => broker.reads(declaration, topic))
  const groups = [...new Set(readers.flatMap(({ groupId }) => groupId ?? []))]
  if (groups.includes(group)) return
  throw new UsageError(`no subscriber of the app reads '${topic}' in group '${group}': ${
    groups.length === 0 ? 'none reads it in a group' : `there is ${groups.join(', ')}`}`)
}

/** A range of one partition: from `offset` to before `end`. */
interface Range extends TopicPartitionOffset {
  readonly end: bigint
}

/** @throws UsageError */
async function rangesOf (cluster: Broker, topic: string, from: string, to: string): Promise<readonly Range[]> {
  const ends = await endsOf(cluster, [topic])
  if (ends.length === 0) throw new UsageError(`the cluster has no topic '${topic}'`)
  const [starts, stops] = [from, to].map((text) => offsetIn(text))
  const begin = starts === undefined ? await positionsOf(cluster, [topic], resetOf('from', from)) : ends
  const stop = stops === undefined && to !== 'now' ? await positionsOf(cluster, [topic], resetOf('to', to)) : ends
  return ends.flatMap(({ partition, offset: last }, at): Range[] => {
    if ([starts, stops].some((place) => place !== undefined && place.partition !== partition)) return []
    const end = stops?.offset ?? stop[at]!.offset
    return [{ topic, partition, offset: starts?.offset ?? begin[at]!.offset, end: end < last ? end : last }]
  }).filter(({ offset, end }) => offset < end)
}

interface Replaying {
  readonly group: string
  readonly dryRun: boolean
  readonly rate: number
  readonly report: Report
  readonly progress: Progress
}

/** Writes into the report how far it has come. */
async function replayAll (
  broker: Broker, ranges: readonly Range[], { group, dryRun, rate, report, progress }: Replaying, signal: AbortSignal
): Promise<void> {
  const total = ranges.reduce((sum, { offset, end }) => sum + Number(end - offset), 0)
  const began = broker.clock.elapsed()
  let passed = 0
  for (const [place, { end, ...range }] of ranges.entries()) {
    let at = range.offset
    while (at < end && !signal.aborted) {
      const batch: ConsumedRecord[] = []
      const before = at
      at = await readLog(broker, { ...range, offset: at }, end, (_, record) => {
        if (record === undefined) report.damaged++
        else if (isRedriven(record.headers)) report.leftOut++
        else batch.push(record)
        return batch.length < Math.min(BATCH, Math.max(1, Math.floor(rate)))
      })
      if (!dryRun) {
        const sent = batch.map((record) => broker.send(outgoing(range, record, group, broker), { wait: true }))
        await Promise.all(sent)
      }
      report.replayed += batch.length
      report.next[place] = { ...range, offset: at }
      passed += Number(at - before)
      progress.show(`${report.replayed} replayed`, passed / total)
      const wait = dryRun ? 0 : report.replayed / rate * 1000 - (broker.clock.elapsed() - began)
      if (wait > 0) await sleep(broker.clock, wait, signal)
    }
    report.stopped ||= at < end
  }
}

function outgoing (
  { topic, partition }: TopicPartitionOffset, { offset, key, value, headers, timestamp }: ConsumedRecord, group: string,
  { clock }: Broker
): Outgoing {
  const place = { topic, partition, offset, timestamp }
  // The timestamp is new: an old one would let retention delete the message at once.
  return { topic, partition, key, value, headers: redriveHeaders(headers, place, group, 0), timestamp: clock.now() }
}
