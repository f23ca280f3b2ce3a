import { namesOf, type SubscriberSettings } from '../../broker/plan.js'
import { alterTopic, LONGEST_OUTAGE, numberIn, shownTime, type Facts, type Finding, type Rule } from './finding.js'

/** Messages that retention deletes while they are retried. */
export const retentionOfRetries: Rule = ({ subscribers, cluster }) => {
  return subscribers.flatMap((subscriber) => namesOf(subscriber).flatMap((topic) => {
    const retention = retentionOf(cluster, topic)
    const longest = longestRun(subscriber)
    if (retention >= longest) return []
    return [{
      rule: 'retention-retries',
      where: `topic '${topic}', subscriber '${subscriber.name}'`,
      what: `retention.ms is ${shownTime(retention)}, and one message may take ${shownTime(longest)} with its retries`,
      why: 'what waits behind it, or is read again after a restart, may be deleted before it is handled',
      cure: alterTopic(topic, `retention.ms=${Math.max(LONGEST_OUTAGE, Math.ceil(longest * 2))}`)
    }]
  }))
}

/** Dead letters that are gone before they are looked at. */
export const deadLetterTopics: Rule = (facts) => {
  const pairs = new Map(facts.subscribers.flatMap(({ deadLetterTopics }) => (
    [...deadLetterTopics].map(([from, to]) => [`${from}\n${to}`, { from, to }] as const))))
  return [...pairs.values()].flatMap(({ from, to }) => ofDeadLetters(facts, from, to))
}

function ofDeadLetters ({ cluster }: Facts, from: string, to: string): readonly Finding[] {
  const found: Finding[] = []
  const where = `topic '${to}', the dead letters of '${from}'`
  const config = cluster.topics.get(to)?.config
  const [kept, letters] = [retentionOf(cluster, from), retentionOf(cluster, to)]
  if (letters < Math.min(kept, LONGEST_OUTAGE)) {
    found.push({
      rule: 'retention-dead-letters',
      where,
      what: `retention.ms is ${shownTime(letters)}, and messages of '${from}' are kept ` +
        (kept === Infinity ? 'without end' : shownTime(kept)),
      why: 'a letter is deleted while its message is still there, perhaps before it is looked at',
      cure: alterTopic(to, `retention.ms=${LONGEST_OUTAGE}`)
    })
  }
  if (config?.get('cleanup.policy')?.includes('compact') === true) {
    found.push({
      rule: 'compacted-dead-letters',
      where,
      what: `cleanup.policy is ${config.get('cleanup.policy')}`,
      why: 'a letter deletes the older ones of its key, and one without a key is refused, which stops its partition',
      cure: alterTopic(to, 'cleanup.policy=delete')
    })
  }
  const largest = numberIn(cluster.topics.get(from)?.config, 'max.message.bytes')
  const size = numberIn(config, 'max.message.bytes')
  if (largest !== undefined && size !== undefined && size < largest) {
    found.push({
      rule: 'size-of-dead-letters',
      where,
      what: `max.message.bytes is ${size}, and ${largest} of '${from}'`,
      why: 'the letter of a large message is written without its value, and cannot be redriven',
      cure: alterTopic(to, `max.message.bytes=${largest}`)
    })
  }
  return found
}

/** ms; Infinity for a topic that deletes nothing by its age, or does not tell. */
export function retentionOf ({ topics }: Facts['cluster'], topic: string): number {
  const config = topics.get(topic)?.config
  const retention = numberIn(config, 'retention.ms')
  const deletes = config?.get('cleanup.policy')?.includes('delete') !== false
  return retention === undefined || retention < 0 || !deletes ? Infinity : retention
}

/** ms that one message may take, with all of its attempts and the pauses between them. */
function longestRun ({ retry, handlerTimeout }: SubscriberSettings): number {
  const { retries, delay, factor, maxDelay, jitter } = retry
  let pauses = 0
  for (let retry = 0; retry < Math.min(retries, 1000); retry++) {
    pauses += Math.min(delay * factor ** retry, maxDelay) * (1 + jitter)
  }
  return pauses + (retries + 1) * handlerTimeout
}
