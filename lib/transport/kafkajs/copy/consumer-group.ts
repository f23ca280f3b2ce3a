import type { Load, Original } from '../modules.js'

interface TopicPartitions {
  readonly topic: string
  readonly partitions?: readonly number[]
}

/** What we touch of kafkajs's `ConsumerGroup`. */
interface ConsumerGroup {
  maxWaitTime: number
  /** As at the last join; null before. */
  readonly partitionsPerSubscribedTopic: ReadonlyMap<string, readonly number[]> | null
  generatePartitionsPerSubscribedTopic (): ReadonlyMap<string, readonly number[]>
  checkForStaleAssignment (): void
  fetch (nodeId: number): Promise<unknown[]>
  pause (partitions: readonly TopicPartitions[]): void
  resume (partitions: readonly TopicPartitions[]): void
  paused (): readonly TopicPartitions[]
}

const sleep = 'await sleep(this.maxWaitTime)'
const rest = 'await this.rest()'

/** ms; the shortest wait of a fetch while a partition is paused. */
const minWait = 10

/**
 * Stands in for `src/consumer/consumerGroup.js`: a partition that is resumed is fetched at once, and one that is gone is noticed.
 *
 * We pause and resume partitions all the time, because that bounds our queues. kafkajs sleeps through a `resume` when every
 * partition of a node is paused; and while a fetch waits at the broker for others that have nothing new, it asks for no more.
 * So `resume` ends the sleep here, and a fetch that leaves out a paused partition waits no longer than a part of the
 * time since the last pause: what was paused just now comes back soon, what was paused long ago costs no busy polling.
 *
 * And kafkajs rejoins only for partitions that are new. Without a rejoin when a topic is deleted, it would go on where it was
 * when the topic is made anew.
 */
export function wakingConsumerGroup (load: Load, original: Original): unknown {
  const { KafkaJSStaleTopicMetadataAssignment: StaleAssignment } = load('src/errors.js') as {
    KafkaJSStaleTopicMetadataAssignment: new (message: string, details: { readonly topic: string }) => Error
  }
  const Base = original(replaceSleep) as new (options: { maxWaitTimeInMs: number }) => ConsumerGroup

  return class WakingConsumerGroup extends Base {
    readonly #maxWaitTime: number
    readonly #resting = new Set<() => void>()
    #lastPause = 0

    constructor (options: { maxWaitTimeInMs: number }) {
      super(options)
      this.#maxWaitTime = options.maxWaitTimeInMs
    }

    override checkForStaleAssignment (): void {
      super.checkForStaleAssignment()
      const known = this.generatePartitionsPerSubscribedTopic()
      for (const [topic, partitions] of this.partitionsPerSubscribedTopic ?? []) {
        if (known.get(topic)!.length < partitions.length) throw new StaleAssignment('Topic has lost partitions', { topic })
      }
    }

    override fetch (nodeId: number): Promise<unknown[]> {
      this.maxWaitTime = this.paused().length === 0 ? this.#maxWaitTime : this.#impatientWait()
      return super.fetch(nodeId)
    }

    override pause (partitions: readonly TopicPartitions[]): void {
      this.#lastPause = Date.now()
      super.pause(partitions)
    }

    override resume (partitions: readonly TopicPartitions[]): void {
      super.resume(partitions)
      for (const wake of this.#resting) wake()
    }

    /** In the place of the sleep, one per node. */
    rest (): Promise<void> {
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          this.#resting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, this.#maxWaitTime)
        this.#resting.add(wake)
      })
    }

    #impatientWait (): number {
      const sincePause = Date.now() - this.#lastPause
      return Math.min(this.#maxWaitTime, Math.max(minWait, Math.ceil(sincePause / 4)))
    }
  }
}

function replaceSleep (source: string): string {
  if (source.split(sleep).length !== 2) throw new Error('src/consumer/consumerGroup.js is not the one of kafkajs 2.2.4')
  return source.replace(sleep, rest)
}
