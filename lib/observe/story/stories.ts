import { AsyncLocalStorage } from 'node:async_hooks'
import type {
  FaststreamChannels, MessagePlace, MessagePublishContext, MessageStory, RecordMetadata
} from '../../../types/index.js'
import type { Clock } from '../../clock.js'
import { surround, type Events } from '../../events.js'
import { MESSAGE_LIMIT, oneLine } from '../../foreign-text.js'
import { readDeadLetterHeaders } from '../../message/dead-letter-headers.js'
import { CORRELATION_ID, lastHeader } from '../../message/headers.js'
import { placeText, Story } from './story.js'

/** How many messages are remembered. */
const LIMIT = 1000

type Channel = keyof FaststreamChannels

/** What happened to the newest messages of one broker in this process, as its events tell. */
export class Stories {
  readonly #broker: { readonly clock: Clock }
  readonly #stories = new Map<string, Story>()
  /** The message whose handler runs. */
  readonly #handling = new AsyncLocalStorage<MessagePlace>()

  /** `broker`: its clock is known once it starts. */
  constructor (broker: { readonly clock: Clock }) {
    this.#broker = broker
  }

  of (place: RecordMetadata): MessageStory | undefined {
    return this.#stories.get(placeText(place))
  }

  attach (events: Events): void {
    surround(events.around, {
      attempt: (context, work) => this.#handling.run(context, work),
      publish: (context, work) => this.#publish(context, work)
    })
    const { started, failed, retried, late, deadLettered, settled, unsettled } = events
    started.on((event) => {
      const isAgain = event.attempt === 1 && this.#story(event).last(event.groupId) !== undefined
      const text = `attempt ${event.attempt} began`
      this.#tell('faststream.message.started', event, isAgain ? `${text}: the message was redelivered` : text)
    })
    failed.on((event) => {
      this.#tell('faststream.message.failed', event, `failed (${event.stage}): ${textOf(event.error)}`)
    })
    retried.on((event) => {
      this.#tell('faststream.message.retried', event, `will be handled again in ${Math.round(event.delay)} ms`)
    })
    late.on((event) => { this.#tell('faststream.message.late', event, `still runs after ${event.timeout} ms`) })
    deadLettered.on((event) => {
      this.#tell('faststream.message.dead-lettered', event, `moved to ${event.deadLetterTopic}`)
    })
    settled.on((event) => { this.#tell('faststream.message.settled', event, event.outcome) })
    unsettled.on((event) => { this.#tell('faststream.message.unsettled', event, 'not settled: to be redelivered') })
    this.#attachGroup(events)
  }

  /** Leaves no storage behind: each one in use costs every promise of the process. */
  stop (): void {
    this.#handling.disable()
  }

  /** The events of a group say why its messages are redelivered. */
  #attachGroup ({ drainTimedOut, rebalanced, subscriberStopped }: Events): void {
    drainTimedOut.on(({ groupId, reason, timeout, unsettled }) => {
      const text = `did not end within ${Math.round(timeout)} ms of a ${reason}`
      const places = new Set(unsettled.map(partitionText))
      this.#tellOpen('faststream.group.drain-timed-out', groupId, text, (story) => places.has(partitionText(story)))
    })
    rebalanced.on(({ groupId, reason }) => {
      this.#tellOpen('faststream.group.rebalanced', groupId, `the group has rebalanced (${reason})`)
    })
    subscriberStopped.on(({ groupId, topics }) => {
      const channel = 'faststream.subscriber.stopped'
      this.#tellOpen(channel, groupId, 'its subscriber has stopped', ({ topic }) => topics.includes(topic))
    })
  }

  /** Tells of each message that was started in a group and is not settled there. */
  #tellOpen (
    channel: Channel, groupId: string | null, text: string, isMeant: (story: Story) => boolean = () => true
  ): void {
    for (const story of this.#stories.values()) {
      const step = story.last(groupId)
      if (step === undefined || step.channel === 'faststream.message.settled' || !isMeant(story)) continue
      const { subscriber = '' } = step
      story.add({ at: this.#now, channel, groupId, subscriber, text })
    }
  }

  /** A handler publishes in the async context of its attempt; a dead letter names its origin. */
  async #publish<Stored extends RecordMetadata> (
    { headers }: MessagePublishContext, work: () => Promise<Stored>
  ): Promise<Stored> {
    const cause = this.#handling.getStore() ?? readDeadLetterHeaders(headers)
    const stored = await work()
    const story = this.#story(stored)
    story.correlationId = lastHeader(headers, CORRELATION_ID)
    // Its handler may have begun before the cluster answered.
    story.steps.unshift({ at: this.#now, channel: 'faststream.message.published', text: 'published by this process' })
    if (cause === undefined) return stored
    const { topic, partition, offset } = cause
    story.cause = { topic, partition, offset }
    this.#stories.get(placeText(story.cause))?.published.push(stored)
    return stored
  }

  get #now (): Date {
    return new Date(this.#broker.clock.now())
  }

  #story (place: RecordMetadata): Story {
    const name = placeText(place)
    let story = this.#stories.get(name)
    if (story === undefined) {
      this.#stories.set(name, story = new Story(place))
      const [oldest = ''] = this.#stories.keys()
      if (this.#stories.size > LIMIT) this.#stories.delete(oldest)
    }
    return story
  }

  #tell (channel: Channel, event: MessagePlace, text: string): void {
    const { groupId, subscriber } = event
    this.#story(event).add({ at: this.#now, channel, groupId, subscriber, text })
  }
}

function partitionText ({ topic, partition }: Pick<RecordMetadata, 'topic' | 'partition'>): string {
  return `${topic}[${partition}]`
}

function textOf ({ message }: Error): string {
  return oneLine(message, MESSAGE_LIMIT)
}
