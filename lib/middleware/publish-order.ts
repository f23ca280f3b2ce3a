import type { RecordMetadata } from '../../types/index.js'
import { FASTSTREAM_ERR_PUBLISH_QUEUE_FULL } from '../errors.js'
import { send, type Outgoing, type Prepared, type Sender, type Sending } from '../message/outgoing.js'
import type { QueueSettings } from '../options/settings.js'
import { sizeOf } from '../produce/size.js'
import { toError } from '../to-error.js'

/**
 * Order of the publishes of a broker where middlewares take their time. Each publish takes its place when it is called,
 * and its record goes to the producer behind those of the same topic that were called before. Kafka knows no order
 * between topics, so a middleware may publish to another one.
 */
export class PublishOrder {
  /** Publishes at once, for what has a place already. */
  readonly direct: Sender
  readonly #publish: Sender['send']
  readonly #limits: QueueSettings
  /** The last place of each topic in which one is taken. */
  readonly #last = new Map<string, Place>()
  #taken = 0
  #bytes = 0

  /** `limits`: of what waits here. */
  constructor (publish: Sender['send'], limits: QueueSettings) {
    this.direct = { send: publish }
    this.#publish = publish
    this.#limits = limits
  }

  /**
   * Publishes now, or behind those of the topic that wait. Each message comes here: it takes no frame of an async
   * function. Throws nothing: the promise rejects.
   */
  send (outgoing: Outgoing, sending?: Sending): Promise<RecordMetadata> {
    const { topic } = outgoing
    try {
      if (!this.#last.has(topic)) return this.#publish(outgoing, sending)
      return this.sendFrom(this.take(topic), outgoing, sending)
    } catch (error) {
      return Promise.reject(toError(error))
    }
  }

  /** Takes the next place of a topic, which must be left. @throws FASTSTREAM_ERR_PUBLISH_QUEUE_FULL */
  take (topic: string): Place {
    if (this.#taken >= this.#limits.messages) throw new FASTSTREAM_ERR_PUBLISH_QUEUE_FULL(topic)
    const place = new Place(this.#last.get(topic)?.left)
    this.#taken++
    this.#last.set(topic, place)
    place.left.then(() => {
      this.#taken--
      if (this.#last.get(topic) === place) this.#last.delete(topic)
    })
    return place
  }

  /** Publishes when it is the turn of a place, and leaves it. */
  async sendFrom (place: Place, outgoing: Outgoing, sending?: Sending): Promise<RecordMetadata> {
    try {
      if (place.turn !== undefined) await this.#hold([outgoing], place.turn)
      const published = this.#publish(outgoing, sending)
      // The producer has taken the record, so the next one may follow.
      place.leave()
      return await published
    } finally {
      place.leave()
    }
  }

  /**
   * Publishes messages of one topic, one at least, in a row when it is the turn of a place, and leaves it. Resolves to
   * what became of each. Without room for the first one none is sent; those behind it wait for room.
   */
  async sendAllFrom (
    place: Place, all: readonly Prepared[]
  ): Promise<ReadonlyArray<PromiseSettledResult<RecordMetadata>>> {
    let sends: ReadonlyArray<Promise<RecordMetadata>>
    try {
      if (place.turn !== undefined) await this.#hold(all.map(({ outgoing }) => outgoing), place.turn)
      sends = await sendInRow(all)
    } catch (error) {
      sends = all.map(() => Promise.reject(error))
    }
    place.leave()
    return await Promise.allSettled(sends)
  }

  async #hold (all: readonly Outgoing[], turn: Promise<void>): Promise<void> {
    const size = all.reduce((sum, outgoing) => sum + sizeOf(outgoing), 0)
    // A lone record that is larger than the bound must be able to leave.
    if (this.#bytes > 0 && this.#bytes + size > this.#limits.bytes) {
      throw new FASTSTREAM_ERR_PUBLISH_QUEUE_FULL(all[0]!.topic)
    }
    this.#bytes += size
    await turn
    this.#bytes -= size
  }
}

/** The place of one publish in the order of its topic. */
export class Place {
  /** Resolves when the places before this one are left; undefined where there is none. */
  readonly turn: Promise<void> | undefined
  /** Resolves when this place and those before it are left. */
  readonly left: Promise<void>
  #leave!: () => void

  constructor (turn: Promise<void> | undefined) {
    this.turn = turn
    this.left = new Promise((resolve) => { this.#leave = () => { resolve(turn) } })
  }

  /** Does nothing the second time. */
  leave (): void {
    this.#leave()
  }
}

/** Resolves when all have been handed over. @throws FASTSTREAM_ERR_PUBLISH_QUEUE_FULL without room for the first one */
async function sendInRow ([first, ...others]: readonly Prepared[]): Promise<ReadonlyArray<Promise<RecordMetadata>>> {
  let isQueued = false
  const sending = send(first!, { queued: () => { isQueued = true } })
  // It has a place at once, or it has failed.
  if (!isQueued) await sending.catch((error) => { if (error instanceof FASTSTREAM_ERR_PUBLISH_QUEUE_FULL) throw error })
  return [sending, ...others.map((prepared) => send(prepared, { wait: true }))]
}
