import type { MessageStory, RecordMetadata, StoryStep } from '../../../types/index.js'

/** Of one story: a message may be retried without end. The first half and the newest ones stay. */
const MAX_STEPS = 100

/** The story of one message, which grows. */
export class Story implements MessageStory {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly steps: StoryStep[] = []
  readonly published: RecordMetadata[] = []
  cause: MessageStory['cause']
  correlationId: string | undefined

  constructor ({ topic, partition, offset }: RecordMetadata) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
  }

  add (step: StoryStep): void {
    this.steps.push(step)
    if (this.steps.length > MAX_STEPS) this.steps.splice(MAX_STEPS / 2, 1)
  }

  /** The newest step in a group; undefined where there is none. */
  last (groupId: string | null): StoryStep | undefined {
    return this.steps.findLast((step) => step.subscriber !== undefined && step.groupId === groupId)
  }

  toString (): string {
    const { cause, correlationId, steps } = this
    const facts = [
      ...cause === undefined ? [] : [`published because of ${placeText(cause)}`],
      ...correlationId === undefined ? [] : [`correlation id ${correlationId}`]
    ]
    const lines = steps.map(({ at, groupId, subscriber, text }) => {
      const who = subscriber === undefined ? '' : ` [${groupId ?? 'no group'}, ${subscriber}]`
      return `  ${at.toISOString()}${who} ${text}`
    })
    return [`${placeText(this)}${facts.map((fact) => `, ${fact}`).join('')}`, ...lines].join('\n')
  }

  toJSON (): object {
    const placed = ({ topic, partition, offset }: RecordMetadata): object => ({ topic, partition, offset: `${offset}` })
    const { cause, correlationId, steps, published } = this
    return { ...placed(this), cause: cause && placed(cause), correlationId, steps, published: published.map(placed) }
  }
}

/** `orders[0] 7` */
export function placeText ({ topic, partition, offset }: RecordMetadata): string {
  return `${topic}[${partition}] ${offset}`
}
