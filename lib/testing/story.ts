import { shown } from './expected.js'
import type { RecordedDelivery, RecordedMessage } from './recorded.js'
import type { Tracked, Tracking } from './tracking.js'

/** The causal chain of a call as an indented text: what was published, who handled it, and what came of that. */
export function storyOf ({ messages }: Tracked, tracking: Tracking, response: unknown): string {
  const causes = new Map<RecordedDelivery | undefined, RecordedMessage[]>()
  for (const message of messages) {
    const delivery = tracking.causeOf(message)?.delivery
    causes.set(delivery, [...causes.get(delivery) ?? [], message])
  }

  function messageLines (message: RecordedMessage, indent: string): string[] {
    const { published } = message
    const key = published === undefined || published.key === null ? '' : `, key ${shown(published.key, 30)}`
    const value = published === undefined ? '' : `: ${shown(published.value)}`
    const deliveries = message.deliveries.flatMap((delivery) => deliveryLines(delivery, `${indent}  `))
    return [`${indent}published ${message.place}${key}${value}`, ...deliveries]
  }

  function deliveryLines (delivery: RecordedDelivery, indent: string): string[] {
    const caused = causes.get(delivery) ?? []
    return [
      ...attemptLines(delivery, indent),
      ...caused.flatMap((message) => messageLines(message, `${indent}  `))
    ]
  }

  const roots = causes.get(undefined) ?? []
  return [`the call returned ${responseOf(response)}`, ...roots.flatMap((root) => messageLines(root, '  '))].join('\n')
}

function attemptLines (
  { attempts, subscriber, groupId, outcome, isGivenUp }: RecordedDelivery, indent: string
): string[] {
  const name = groupId === null ? subscriber : `${subscriber} (group ${groupId})`
  return attempts.map(({ attempt, failure, delay, hasEnded }, index) => {
    const isLast = index === attempts.length - 1
    const count = attempts.length === 1 ? '' : `, attempt ${attempt}`
    const next = delay === undefined ? '' : `, again after ${Math.round(delay)} ms`
    const end = !isLast ? '' : isGivenUp ? ', given up' : outcome === undefined ? '' : `, ${outcome}`
    if (failure !== undefined) {
      return `${indent}${name}${count} failed: ${failure.stage}: ${shown(failure.error.message)}${next}${end}`
    }
    return `${indent}${name}${count} ${hasEnded ? 'handled it' : 'runs'}${next}${end}`
  })
}

/** A response of HTTP by its status, a place in the log, or any other value. */
function responseOf (response: unknown): string {
  if (typeof response !== 'object' || response === null) return shown(response)
  if ('statusCode' in response) return `with status ${shown(response.statusCode)}`
  return shown(response)
}
