import type { FastifyRequest } from 'fastify'
import type { DeadLetter } from './dead-letter.js'
import type { RecordMetadata } from './publish.js'
import type { RawHeader } from './transport.js'

/**
 * Selection of dead letters. A letter must have everything that is written; nothing selects all of them.
 *
 * @example
 * const selection: DeadLetterSelection = { topic: 'orders', code: 'ECONNREFUSED', key: '42' }
 */
export interface DeadLetterSelection {
  /** Topic of the original messages. */
  topic?: string | undefined
  /** Topic of the letters. @default all dead-letter topics of the app */
  deadLetterTopic?: string | undefined
  /** Group of the subscriber that failed. */
  group?: string | undefined
  /** Name of the subscriber that failed. */
  subscriber?: string | undefined
  /** Step that failed, as {@link DeadLetter.stage}. */
  stage?: string | undefined
  /** Class of the error: its name. */
  error?: string | undefined
  /** Code of the error. */
  code?: string | undefined
  /** Key of the message, as text or bytes. */
  key?: string | Buffer | undefined
  /** Beginning and end of the time in which the letters were written. */
  since?: Date | undefined
  until?: Date | undefined
  /** Letters by their places. @default all */
  letters?: readonly RecordMetadata[] | undefined
}

/**
 * Question for a page of dead letters.
 *
 * @example
 * const page = await app.broker.deadLetters.list({ topic: 'orders', limit: 20 })
 */
export interface DeadLetterQuery extends DeadLetterSelection {
  /** Number of letters on a page, at most 1000. @default 100 */
  limit?: number | undefined
  /** Position at which the page begins: `next` of the page before. */
  after?: string | undefined
  /** `open`: neither redriven nor discarded. @default 'open' */
  state?: 'open' | 'done' | 'all' | undefined
}

/**
 * Record of a dead-letter topic. As JSON its offset is text, and its bytes are base64.
 *
 * @example
 * const { offset, deadLetter, rawValue }: DeadLetterEntry = page.letters[0]!
 */
export interface DeadLetterEntry extends RecordMetadata {
  /** Time at which the letter was written. */
  readonly timestamp: Date | undefined
  /** `done`: it was redriven or discarded. */
  readonly state: 'open' | 'done'
  /** Facts of its headers; undefined when they are those of no dead letter. */
  readonly deadLetter: DeadLetter | undefined
  /** Program whose headers it has: `faststream`, `spring`, `smallrye`, `connect`, `streams`, `share-group`… */
  readonly dialect: string | undefined
  /** Number of times that the message was redriven before. */
  readonly trips: number
  readonly rawKey: Buffer | null
  readonly rawValue: Buffer | null
  readonly rawHeaders: readonly RawHeader[]
  /** True: the batch at this place is damaged, and nothing of it can be read. */
  readonly damaged: boolean
}

/**
 * Page of dead letters, by topic, partition and offset.
 *
 * @example
 * for (let after; ;) {
 *   const { letters, next } = await app.broker.deadLetters.list({ after })
 *   for (const letter of letters) console.log(letter.offset)
 *   if ((after = next) === undefined) break
 * }
 */
export interface DeadLetterPage {
  readonly letters: readonly DeadLetterEntry[]
  /** Position of the next page; undefined: this is the last one. A page may be short although there is a next one. */
  readonly next: string | undefined
}

/**
 * Verdict of the app on a letter as it is now: whether its message would be decoded, and match the schema.
 *
 * @example
 * const stillWrong = ({ valid, violation }: DeadLetterVerdict) => valid === false && violation
 */
export interface DeadLetterVerdict {
  /** Undefined: no subscriber of this app reads that topic in that group. */
  readonly valid: boolean | undefined
  /** The first thing that is wrong with it. */
  readonly violation: string | undefined
}

/**
 * Dead letter with all that is known of it.
 *
 * @example
 * const { verdict, origin }: DeadLetterDetails = await app.broker.deadLetters.show(letter)
 */
export interface DeadLetterDetails extends DeadLetterEntry {
  readonly verdict: DeadLetterVerdict
  /** Headers of the message, without those of the dead letter. */
  readonly messageHeaders: readonly RawHeader[]
}

/**
 * Reason why a letter is not redriven.
 *
 * - `not-a-letter`: its headers are those of no dead letter.
 * - `damaged`: it cannot be read.
 * - `no-group`: its subscriber had no group, so that the message cannot be aimed.
 * - `origin`: dead letters of the topic that it names do not go here, or they came from another dead-letter topic.
 * - `incomplete`: value, key or headers are in the original topic only, for the letter was too large, or Kafka did not
 *   copy them for a share group.
 * - `trips`: it was redriven three times.
 * - `order`: an earlier letter of its key and group is open and is not redriven.
 *
 * @example
 * const lost = report.refused.filter(({ reason }) => reason === 'incomplete')
 */
export type RedriveRefusal = 'not-a-letter' | 'damaged' | 'no-group' | 'origin' | 'incomplete' | 'trips' | 'order'

/**
 * Options of a redrive.
 *
 * @example
 * const options: RedriveOptions = { topic: 'orders', group: 'shop', rate: 50 }
 */
export interface RedriveOptions extends DeadLetterSelection {
  /** True: nothing is published; the report says what would be. @default false */
  dryRun?: boolean | undefined
  /** True: letters that were redriven or discarded are redriven, too. @default false */
  force?: boolean | undefined
  /** Most messages per second. @default none */
  rate?: number | undefined
  /** Most letters that are redriven. @default all */
  limit?: number | undefined
  /** Signal that stops it after the batch under way. */
  signal?: AbortSignal | undefined
  /** Function that is told after each batch. */
  onProgress?: ((progress: RedriveProgress) => void) | undefined
}

/**
 * Progress of a redrive.
 *
 * @example
 * const onProgress = ({ redriven, looked }: RedriveProgress) => { bar.update(redriven, { looked }) }
 */
export interface RedriveProgress {
  /** Number of records that were looked at. */
  readonly looked: number
  readonly redriven: number
  readonly refused: number
}

/**
 * Report of a redrive.
 *
 * @example
 * const { redriven, refused, stopped }: RedriveReport = await app.broker.deadLetters.redrive({ topic: 'orders' })
 */
export interface RedriveReport extends Omit<RedriveProgress, 'refused'> {
  /** True: nothing was published. */
  readonly dryRun: boolean
  /** True: `signal` or `limit` ended it, and letters of the selection are left. */
  readonly stopped: boolean
  /** Letters that stay, at most 1000 of them. */
  readonly refused: ReadonlyArray<RecordMetadata & { readonly reason: RedriveRefusal }>
  /** Letters of a dry run that would be redriven, at most 1000 of them, and the verdict of the app on each. */
  readonly verdicts: ReadonlyArray<RecordMetadata & DeadLetterVerdict>
}

/**
 * Dead letters of one cluster. Reading them joins no group. What was redriven or discarded is remembered by the group
 * `faststream-dead-letters`, which only stores offsets.
 *
 * @example
 * const { letters } = await app.broker.deadLetters.list({ topic: 'orders' })
 * await app.broker.deadLetters.redrive({ topic: 'orders', group: 'shop' })
 */
export interface DeadLetters {
  /**
   * Resolves with a page of letters, by topic, partition and offset. A letter that cannot be decoded is listed as
   * bytes.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
   * @throws FASTSTREAM_ERR_NOT_READY before `ready()` and after the close
   * @throws FASTSTREAM_ERR_DEAD_LETTERS when the cluster does not answer in time
   * @example
   * const { letters, next } = await app.broker.deadLetters.list({ topic: 'orders', stage: 'validate' })
   */
  list (this: void, query?: DeadLetterQuery): Promise<DeadLetterPage>
  /**
   * Resolves with one letter and the verdict of the app on its message.
   *
   * @throws FASTSTREAM_ERR_NO_DEAD_LETTER when the place holds none
   * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_DEAD_LETTERS
   * @example
   * const { verdict } = await app.broker.deadLetters.show({ topic: 'orders.dlq', partition: 0, offset: 12n })
   */
  show (this: void, place: RecordMetadata): Promise<DeadLetterDetails>
  /**
   * Publishes the messages of the letters to their topic again, for the group that failed: subscribers of other groups
   * skip them before they are decoded. Value, key and headers are those of the original, with headers that name the
   * group and count the trips. Messages of one key keep their order. Letters that were redriven before are left out.
   *
   * @throws FASTSTREAM_ERR_REDRIVE while this process redrives or discards other letters, and when the progress cannot
   *   be stored
   * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_DEAD_LETTERS, and the errors of
   *   `publish`
   * @example
   * const { redriven, refused } = await app.broker.deadLetters.redrive({ topic: 'orders', group: 'shop', rate: 50 })
   */
  redrive (this: void, options?: RedriveOptions): Promise<RedriveReport>
  /**
   * Marks letters as done without publishing them: `list` leaves them out, and no redrive takes them. The log has the
   * reason. Resolves with their number.
   *
   * @throws FASTSTREAM_ERR_REDRIVE, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NOT_READY,
   *   FASTSTREAM_ERR_DEAD_LETTERS
   * @example
   * await app.broker.deadLetters.discard({ topic: 'orders', code: 'E_TEST', reason: 'orders of a load test' })
   */
  discard (this: void, options: DeadLetterSelection & { reason: string }): Promise<{ readonly discarded: number }>
}

/**
 * Action of a route of dead letters.
 *
 * @example
 * const mayLook = (action: DeadLetterAction) => action === 'list' || action === 'show'
 */
export type DeadLetterAction = 'list' | 'show' | 'redrive' | 'discard'

/**
 * Routes of the dead letters of one broker: `GET {prefix}` lists, `GET {prefix}/:topic/:partition/:offset` shows,
 * `POST {prefix}/redrive` and `POST {prefix}/discard` take the options of the functions as JSON, with times as text.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION in production without `authorize`
 * @example
 * const deadLetters: DeadLetterRoutes = {
 *   prefix: '/ops/dead-letters',
 *   authorize: (request, action) => request.user.isAdmin || action === 'list'
 * }
 */
export interface DeadLetterRoutes {
  /** Beginning of the paths. @default '/dead-letters' */
  prefix?: string | undefined
  /**
   * Function that decides about each request, within 10 s. Anything but `true` is answered with 403. When it throws,
   * the client gets the error's status if that is 400 to 499, else 500. Required in production.
   *
   * @default all requests are allowed
   */
  authorize?: ((request: FastifyRequest, action: DeadLetterAction) => boolean | Promise<boolean>) | undefined
}
