import type {
  DeadLetterDetails, DeadLetterPage, DeadLetterQuery, DeadLetters as Interface, DeadLetterSelection, RecordMetadata,
  RedriveOptions, RedriveReport
} from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NO_DEAD_LETTER, FASTSTREAM_ERR_REDRIVE } from '../errors.js'
import type { Log } from '../log.js'
import { noSurplus, onlyKnown, text } from '../options/assert.js'
import { anyNumber, choice, flag, functionOf, wholeNumber } from '../options/checks.js'
import type { TopicPartitionOffset } from '../transport/transport.js'
import { discardLetters } from './discard.js'
import { Letter } from './letter.js'
import { LetterDetails } from './letter-details.js'
import { readLog } from './log-reader.js'
import { Redrive, type RedriveMeans } from './redrive.js'
import { placeOf, SELECTING, Selection } from './selection.js'
import { walk } from './walk.js'

/** Records that one page looks at. */
const MOST_LOOKED = 10_000

/** The broker of the letters. */
export interface DeadLetterMeans extends RedriveMeans {
  readonly log: Log
  /** The dead-letter topics of the app. */
  readonly deadLetterTopics: readonly string[]
}

/** The dead letters of one cluster. */
export class DeadLetters implements Interface {
  readonly #means: () => DeadLetterMeans
  #busy = false

  /** `means` throws while there is no cluster. */
  constructor (means: () => DeadLetterMeans) {
    this.#means = means
  }

  list = async (query: DeadLetterQuery = {}, ...surplus: unknown[]): Promise<DeadLetterPage> => {
    noSurplus('list(query)', surplus)
    onlyKnown('', query, [...SELECTING, 'limit', 'after', 'state'])
    const limit = wholeNumber(1, 1000)('limit', query.limit ?? 100)
    const state = choice('open', 'done', 'all')('state', query.state ?? 'open')
    const after = query.after === undefined ? undefined : cursorOf(query.after)
    const selection = new Selection(query)
    const means = this.#means()
    const letters: Letter[] = []
    let looked = 0
    let next: string | undefined
    await walk(means, selection.topics(means.deadLetterTopics), selection, async (end, progress) => {
      const { topic, partition } = end
      const from = after?.topic === topic && after.partition === partition ? after.offset : 0n
      const at = await readLog(means, { topic, partition, offset: from }, end.offset, (offset, record) => {
        looked++
        const letter = new Letter({ topic, partition, offset }, record, progress.of(partition).has(offset))
        if ((state === 'all' || letter.state === state) && selection.takes(letter)) letters.push(letter)
        return letters.length < limit && looked < MOST_LOOKED
      })
      const isFull = letters.length === limit || looked === MOST_LOOKED
      if (isFull) next = `${topic}:${partition}:${at}`
      return !isFull
    }, after)
    return { letters, next }
  }

  show = async (place: RecordMetadata, ...surplus: unknown[]): Promise<DeadLetterDetails> => {
    noSurplus('show(place)', surplus)
    const at = placeOf('place', place)
    const selection = new Selection({ deadLetterTopic: at.topic, letters: [at] })
    const means = this.#means()
    const found: Letter[] = []
    await walk(means, selection.topics(means.deadLetterTopics), selection, async (end, progress) => {
      await readLog(means, at, end.offset, (offset, record) => {
        if (offset === at.offset) found.push(new Letter(at, record, progress.of(at.partition).has(offset)))
        return false
      })
      return false
    })
    const [letter] = found
    if (letter === undefined) throw new FASTSTREAM_ERR_NO_DEAD_LETTER(`${at.topic}[${at.partition}] ${at.offset}`)
    return new LetterDetails(letter, await means.verdict(letter))
  }

  redrive = async (options: RedriveOptions = {}, ...surplus: unknown[]): Promise<RedriveReport> => {
    noSurplus('redrive(options)', surplus)
    onlyKnown('', options, [...SELECTING, 'dryRun', 'force', 'rate', 'limit', 'signal', 'onProgress'])
    checkRedrive(options)
    const selection = new Selection(options)
    const means = this.#means()
    return await this.#alone(async () => {
      const redrive = new Redrive(means, selection, options)
      try {
        await walk(means, selection.topics(means.deadLetterTopics), selection, async (end, progress) => {
          return await redrive.run(end, progress)
        })
        return redrive.report
      } finally {
        const { refused, verdicts, ...counts } = redrive.report
        means.log.info({ ...selection.shown, ...counts, refused: refused.length }, 'dead letters were redriven')
      }
    })
  }

  discard = async (
    options: DeadLetterSelection & { reason: string }, ...surplus: unknown[]
  ): Promise<{ discarded: number }> => {
    noSurplus('discard(options)', surplus)
    onlyKnown('', options, [...SELECTING, 'reason'])
    const { reason, ...given } = options
    text('reason', reason)
    const selection = new Selection(given)
    const means = this.#means()
    return await this.#alone(async () => {
      let discarded = 0
      await walk(means, selection.topics(means.deadLetterTopics), selection, async (end, progress) => {
        discarded += await discardLetters(means, selection, end, progress)
        return true
      })
      means.log.warn({ ...selection.shown, discarded, reason }, 'dead letters were discarded')
      return { discarded }
    })
  }

  /** One at a time: two would publish the same letters. */
  async #alone<Result> (work: () => Promise<Result>): Promise<Result> {
    if (this.#busy) throw new FASTSTREAM_ERR_REDRIVE('this process redrives or discards others: wait, or stop that')
    this.#busy = true
    try {
      return await work()
    } finally {
      this.#busy = false
    }
  }
}

function checkRedrive ({ dryRun, force, rate, limit, signal, onProgress }: RedriveOptions): void {
  if (dryRun !== undefined) flag('dryRun', dryRun)
  if (force !== undefined) flag('force', force)
  if (rate !== undefined) anyNumber(0.1)('rate', rate)
  if (limit !== undefined) wholeNumber(1)('limit', limit)
  if (onProgress !== undefined) functionOf('the progress')('onProgress', onProgress)
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new FASTSTREAM_ERR_INVALID_OPTION('signal', 'must be an AbortSignal')
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION */
function cursorOf (after: string): TopicPartitionOffset {
  const [, topic, partition, offset] = /^([^:]+):(\d{1,10}):(\d{1,19})$/.exec(after) ?? []
  if (topic !== undefined) return { topic, partition: Number(partition), offset: BigInt(offset!) }
  throw new FASTSTREAM_ERR_INVALID_OPTION('after', "must be 'next' of the page before")
}
