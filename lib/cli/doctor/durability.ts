import type { TopicDescription } from '../../transport/transport.js'
import { alterTopic, numberIn, type Finding, type Rule } from './finding.js'

/** Replicas and what a publish is worth: the app publishes with acks=all, so that it counts on them. */
export const durability: Rule = ({ cluster: { nodes, topics } }) => {
  return nodes === undefined ? [] : [...topics].flatMap(([topic, described]) => ofTopic(topic, described, nodes))
}

function ofTopic (topic: string, { replicas, isInSync, config }: TopicDescription, nodes: number): readonly Finding[] {
  const where = `topic '${topic}'`
  const found: Finding[] = []
  if (replicas < 2) {
    found.push({
      rule: 'replication',
      where,
      what: `a partition has one replica, on ${nodes} node(s)`,
      why: 'when the node that has it is lost, the messages are lost; while it restarts, the topic stands still',
      cure: nodes < 3
        ? 'run 3 nodes, and give the topic 3 replicas: kafka-reassign-partitions.sh'
        : 'give it 3 replicas: kafka-reassign-partitions.sh'
    })
  }
  if (!isInSync) {
    found.push({
      rule: 'out-of-sync',
      where,
      what: 'a partition has replicas that are not in sync',
      why: 'it has fewer copies than its replication factor promises',
      cure: 'find the nodes by kafka-topics.sh --describe --under-replicated-partitions: are they up, do they keep up?'
    })
  }
  const least = numberIn(config, 'min.insync.replicas')
  return [...found, ...inSyncReplicas(topic, replicas, least), ...unclean(topic, config)]
}

function inSyncReplicas (topic: string, replicas: number, least: number | undefined): readonly Finding[] {
  const where = `topic '${topic}'`
  const what = `min.insync.replicas is ${least} of ${replicas} replicas`
  if (least === undefined) return []
  if (least > replicas) {
    const why = 'no publish can be acknowledged: the app publishes with acks=all'
    return [{ rule: 'min-isr', where, what, why, cure: alterTopic(topic, 'min.insync.replicas=2 (and 3 replicas)') }]
  }
  if (replicas < 2) return []
  if (least === replicas) {
    const why = 'one node that is away stops every publish: the app publishes with acks=all'
    const cure = replicas > 2 ? alterTopic(topic, `min.insync.replicas=${replicas - 1}`) : 'give it a third replica'
    return [{ rule: 'min-isr', where, what, why, cure }]
  }
  if (least > 1) return []
  const why = 'a publish may be acknowledged by one copy, and is lost with it: acks=all asks the replicas in sync only'
  return [{ rule: 'min-isr', where, what, why, cure: alterTopic(topic, 'min.insync.replicas=2') }]
}

function unclean (topic: string, config: ReadonlyMap<string, string> | undefined): readonly Finding[] {
  if (config?.get('unclean.leader.election.enable') !== 'true') return []
  return [{
    rule: 'unclean-election',
    where: `topic '${topic}'`,
    what: 'unclean.leader.election.enable is true',
    why: 'a replica that lacks acknowledged messages may become leader, and they are lost',
    cure: alterTopic(topic, 'unclean.leader.election.enable=false')
  }]
}
