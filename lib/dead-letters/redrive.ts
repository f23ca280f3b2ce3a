import type { DeadLetterVerdict, RedriveOptions, RedriveRefusal, RedriveReport } from '../../types/index.js'
import { sleep } from '../clock.js'
import type { Outgoing } from '../message/outgoing.js'
import { redriveHeaders } from '../message/redrive-headers.js'
import type { TopicPartitionOffset } from '../transport/transport.js'
import { type Cluster, countsOf } from './consuming.js'
import { Letter } from './letter.js'
import { readLog } from './log-reader.js'
import type { Progress } from './progress.js'
import type { Selection } from './selection.js'

/** Letters that are published before their progress is stored: as many may be repeated after a crash. */
const BATCH = 100
/** How often a message may be redriven. */
const MOST_TRIPS = 3
/** Letters that a report names. */
const MOST_NAMED = 1000

export interface RedriveMeans extends Cluster {
  /** Whether dead letters of `origin` go to `topic` at once. Never throws, whatever `origin` holds. */
  isDeadLetterTopicOf (topic: string, origin: string): boolean
  send (outgoing: Outgoing): Promise<unknown>
  verdict (letter: Letter): Promise<DeadLetterVerdict>
}

type Options = Pick<RedriveOptions, 'dryRun' | 'force' | 'rate' | 'limit' | 'signal' | 'onProgress'>

/** Publishes the messages of letters again, partition by partition. */
export class Redrive {
  readonly #means: RedriveMeans
  readonly #selection: Selection
  readonly #options: Options
  readonly #refused: Array<TopicPartitionOffset & { reason: RedriveRefusal }> = []
  readonly #verdicts: Array<TopicPartitionOffset & DeadLetterVerdict> = []
  readonly #counts = { looked: 0, redriven: 0, refused: 0 }
  readonly #began: number
  #stopped = false

  constructor (means: RedriveMeans, selection: Selection, options: Options) {
    this.#means = means
    this.#selection = selection
    this.#options = options
    this.#began = means.clock.elapsed()
  }

  get report (): RedriveReport {
    const { looked, redriven } = this.#counts
    const { dryRun = false } = this.#options
    return { dryRun, stopped: this.#stopped, looked, redriven, refused: this.#refused, verdicts: this.#verdicts }
  }

  /** Redrives the letters of one partition before `end`. Resolves to whether more may follow. */
  async run (end: TopicPartitionOffset, progress: Progress): Promise<boolean> {
    const { force = false, dryRun = false } = this.#options
    const { topic, partition } = end
    const done = progress.of(partition)
    const last = this.#selection.endOf(end)
    /** Keys of which an open letter stays behind. */
    const behind = new Set<string>()
    for (let at = force ? 0n : done.watermark; at < last && !this.#isOver();) {
      const batch: Letter[] = []
      let expected = at
      at = await readLog(this.#means, { topic, partition, offset: at }, last, (offset, record) => {
        // What lies between two records is not there.
        if (!dryRun) done.add(expected, offset)
        expected = offset + 1n
        const letter = new Letter({ topic, partition, offset }, record, done.has(offset))
        if (this.#takes(letter, behind)) batch.push(letter)
        return batch.length < this.#room
      })
      if (dryRun) await this.#judge(batch)
      else await this.#publish(batch, partition, progress)
      this.#counts.redriven += batch.length
      this.#options.onProgress?.({ ...this.#counts })
      await this.#slowDown()
    }
    return !this.#stopped
  }

  /** How many more letters a batch may take. */
  get #room (): number {
    const { limit = Infinity, rate = Infinity } = this.#options
    return Math.min(BATCH, limit - this.#counts.redriven, Math.max(1, Math.floor(rate)))
  }

  #isOver (): boolean {
    this.#stopped ||= this.#room <= 0 || this.#options.signal?.aborted === true
    return this.#stopped
  }

  #takes (letter: Letter, behind: Set<string>): boolean {
    this.#counts.looked++
    if (letter.state === 'done' && this.#options.force !== true) return false
    const key = orderOf(letter)
    if (!this.#selection.takes(letter)) {
      if (letter.state === 'open') behind.add(key)
      return false
    }
    const reason = this.#refusalOf(letter) ?? (letter.rawKey !== null && behind.has(key) ? 'order' : undefined)
    if (reason === undefined) return true
    behind.add(key)
    const { topic, partition, offset } = letter
    this.#counts.refused++
    if (this.#refused.length < MOST_NAMED) this.#refused.push({ topic, partition, offset, reason })
    return false
  }

  #refusalOf ({ deadLetter, damaged, topic, trips }: Letter): RedriveRefusal | undefined {
    if (damaged) return 'damaged'
    if (deadLetter === undefined) return 'not-a-letter'
    // Any sender may have written the headers: they must not name a topic whose dead letters do not go here.
    if (deadLetter.topic === topic || !this.#means.isDeadLetterTopicOf(topic, deadLetter.topic)) return 'origin'
    if (deadLetter.groupId === undefined) return 'no-group'
    if (deadLetter.valueOmitted || deadLetter.keyOmitted || deadLetter.headersOmitted) return 'incomplete'
    return trips >= MOST_TRIPS ? 'trips' : undefined
  }

  async #judge (batch: readonly Letter[]): Promise<void> {
    for (const letter of batch.slice(0, MOST_NAMED - this.#verdicts.length)) {
      const { topic, partition, offset } = letter
      this.#verdicts.push({ topic, partition, offset, ...await this.#means.verdict(letter) })
    }
  }

  /** Those that were stored are done, whatever becomes of the others. */
  async #publish (batch: readonly Letter[], partition: number, progress: Progress): Promise<void> {
    if (batch.length === 0) return
    progress.check(partition)
    const topics = [...new Set(batch.map(({ deadLetter }) => deadLetter!.topic))]
    const counts = await countsOf(this.#means, topics)
    /** The last letter of each key: where it cannot be published, those behind it stay. */
    const before = new Map<string, Promise<unknown>>()
    const sent = await Promise.allSettled(batch.map((letter) => {
      const partitions = counts.get(letter.deadLetter!.topic) ?? 0
      if (letter.rawKey === null) return this.#send(letter, partitions)
      const key = orderOf(letter)
      const sending = this.#send(letter, partitions, before.get(key))
      before.set(key, sending)
      return sending
    }))
    const done = progress.of(partition)
    for (const [at, { offset }] of batch.entries()) {
      if (sent[at]!.status === 'fulfilled') done.add(offset, offset + 1n)
    }
    await progress.commit(partition)
    const failed = sent.find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Publishes a letter behind the one that is `before` it. */
  async #send (letter: Letter, partitions: number, before?: Promise<unknown>): Promise<void> {
    await before
    await this.#means.send(this.#outgoing(letter, partitions))
  }

  #outgoing (letter: Letter, partitions: number): Outgoing {
    const { topic, partition, offset, timestamp, groupId = '' } = letter.deadLetter!
    const origin = { topic, partition, offset, timestamp: timestamp?.getTime() }
    return {
      topic,
      key: letter.rawKey,
      value: letter.rawValue,
      headers: redriveHeaders(Letter.messageHeadersOf(letter), origin, groupId, letter.trips + 1),
      // The timestamp is new: an old one would let retention delete the message at once.
      timestamp: this.#means.clock.now(),
      // The partition that its publisher chose, for what has the same key is there.
      ...partition >= 0 && partition < partitions && { partition }
    }
  }

  async #slowDown (): Promise<void> {
    const { clock } = this.#means
    const { rate, signal = new AbortController().signal } = this.#options
    if (rate === undefined) return
    const wait = this.#counts.redriven / rate * 1000 - (clock.elapsed() - this.#began)
    if (wait > 0) await sleep(clock, wait, signal)
  }
}

/** Letters with the same text keep their order. */
function orderOf ({ deadLetter, rawKey }: Letter): string {
  return `${deadLetter?.topic}\n${deadLetter?.groupId}\n${rawKey?.toString('latin1')}`
}
