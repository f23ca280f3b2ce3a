import { systemClock, within } from '../clock.js'
import { FASTSTREAM_ERR_NOT_SETTLED } from '../errors.js'
import type { TrackedSession } from './session-types.js'
import type { PublishedRecord } from './published.js'
import type { Readers } from './readers.js'
import type { RecordedDelivery } from './recorded.js'
import type { Recorder } from './recorder.js'
import { storyOf } from './story.js'
import { stateTable } from './state-table.js'
import type { Spies } from './spies.js'
import type { TestTime } from './test-time.js'
import type { Tracked, Tracking } from './tracking.js'
import { until } from './waiting.js'

/** Parts of a test broker that sessions read. */
export interface SessionMeans {
  readonly recorder: Recorder
  readonly tracking: Tracking
  readonly spies: Spies
  readonly time: TestTime
  readonly readers: Readers
}

/**
 * Runs a call, and waits until everything that it causes has an outcome.
 *
 * @throws FASTSTREAM_ERR_NOT_SETTLED after `timeout` ms, which count from the beginning of the call
 */
export async function track<R> (
  call: () => R, timeout: number, means: SessionMeans
): Promise<TrackedSession<Awaited<R>>> {
  const { recorder, tracking, readers, time } = means
  const tracked: Tracked = { messages: new Set(), publishing: new Set() }
  const began = systemClock.elapsed()
  const spent = (isRunning: boolean): Error => {
    return new FASTSTREAM_ERR_NOT_SETTLED(timeout, `\n${stateTable(tracked, readers, isRunning)}\n`)
  }
  const running = tracking.run(tracked, async () => await call())
  if (!await within(systemClock, timeout, running)) throw spent(true)
  const response = await running
  const waiting = until(recorder, Math.max(0, timeout - (systemClock.elapsed() - began)), () => {
    const isDone = tracked.publishing.size === 0 &&
      [...tracked.messages].every((message) => readers.waitingFor(message).length === 0)
    if (!isDone) throw spent(false)
  })
  await time.during(waiting)
  return new Session(response, tracked, means)
}

class Session<R> implements TrackedSession<R> {
  readonly response: R
  readonly #tracked: Tracked
  readonly #means: SessionMeans

  constructor (response: R, tracked: Tracked, means: SessionMeans) {
    this.response = response
    this.#tracked = tracked
    this.#means = means
  }

  handled = (target?: unknown): never[] => {
    const { messages } = this.#tracked
    const { recorder, spies } = this.#means
    const isAsked = spies.selectorOf(target)
    const calls = recorder.calls.filter((call) => {
      return call.outcome === 'returned' && isAsked(call) && messages.has(recorder.message(call))
    })
    return calls as never[]
  }

  published = (target?: unknown): PublishedRecord[] => {
    const topic = target === undefined ? undefined : this.#means.spies.topicOf(target)
    const all = Array.from(this.#tracked.messages, ({ published }) => published)
    const recorded = all.filter((record) => record !== undefined)
    return recorded.filter((record) => topic === undefined || record.topic === topic)
  }

  deadLettered = (): ReturnType<TrackedSession<R>['deadLettered']> => {
    return this.#asserted().flatMap(({ message, subscriber, groupId, failure, deadLetterTopic }) => {
      if (deadLetterTopic === undefined || failure === undefined) return []
      const { topic, partition, offset, published } = message
      const { stage, error } = failure
      return { topic, partition, offset, subscriber, groupId, deadLetterTopic, stage, error, value: published?.value }
    })
  }

  failed = (): ReturnType<TrackedSession<R>['failed']> => {
    return this.#asserted().flatMap(({ message: { topic, partition, offset }, attempts }) => {
      return attempts.flatMap(({ attempt, failure }) => {
        return failure === undefined ? [] : { topic, partition, offset, attempt, ...failure }
      })
    })
  }

  story = (): string => storyOf(this.#tracked, this.#means.tracking, this.response)

  /** All deliveries of the session. A test that reads them asserts their failures. */
  #asserted (): readonly RecordedDelivery[] {
    const deliveries = [...this.#tracked.messages].flatMap(({ deliveries }) => deliveries)
    for (const delivery of deliveries) delivery.isAsserted = true
    return deliveries
  }
}
