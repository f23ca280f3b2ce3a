import { namesOf } from '../../broker/plan.js'
import type { Rule } from './finding.js'

/** Topics and partitions that the app uses and the cluster does not have, or cannot serve. */
export const missingTopics: Rule = ({ topics, settings, cluster }) => {
  return topics.filter((topic) => !cluster.topics.has(topic)).map((topic) => ({
    rule: 'topic-missing',
    where: `topic '${topic}'`,
    what: 'the cluster does not have it, or does not show it',
    why: settings.topics === 'create'
      ? 'the app creates it when it starts, with the settings that the cluster has for new topics'
      : `the app writes topics: '${settings.topics}', so it creates none`,
    cure: `kafka-topics.sh --create --topic ${topic} --partitions ${settings.topicConfig.partitions}`
  }))
}

export const missingPartitions: Rule = ({ subscribers, cluster }) => {
  return subscribers.flatMap((subscriber) => namesOf(subscriber).flatMap((topic) => {
    const count = cluster.topics.get(topic)?.partitions ?? Infinity
    const missing = (subscriber.partitions ?? []).filter((partition) => partition >= count)
    return missing.length === 0
      ? []
      : [{
          rule: 'partition-missing',
          where: `topic '${topic}', subscriber '${subscriber.name}'`,
          what: `it has ${count} partitions, and the subscriber reads ${missing.join(', ')}`,
          why: 'the app does not start',
          cure: "correct the option 'partitions', or add partitions to the topic"
        }]
  }))
}

export const leaderless: Rule = ({ cluster }) => {
  return [...cluster.topics].filter(([, { leaderless }]) => leaderless.length > 0).map(([topic, { leaderless }]) => ({
    rule: 'no-leader',
    where: `topic '${topic}'`,
    what: `partitions without a leader: ${leaderless.join(', ')}`,
    why: 'they can be neither read nor written',
    cure: 'start the nodes that hold their replicas; their logs tell why none of them leads'
  }))
}
