import { namesOf } from '../../broker/plan.js'
import { LONGEST_OUTAGE, numberIn, shownTime, type Facts, type Finding, type Rule } from './finding.js'
import { retentionOf } from './retention.js'

/** Stored offsets that are gone before the messages behind them. */
export const offsetsRetention: Rule = ({ subscribers, cluster }) => {
  const minutes = numberIn(cluster.config, 'offsets.retention.minutes')
  if (minutes === undefined) return []
  const kept = minutes * 60_000
  const topics = subscribers.filter(({ groupId }) => groupId !== null).flatMap(namesOf)
  const longest = Math.max(0, ...topics.map((topic) => Math.min(LONGEST_OUTAGE, retentionOf(cluster, topic))))
  if (kept >= longest) return []
  return [{
    rule: 'offsets-retention',
    where: 'the nodes of the cluster',
    what: `offsets.retention.minutes is ${minutes} (${shownTime(kept)}), and messages are kept longer`,
    why: "a group without members for so long forgets its offsets, and reads by 'offsetReset': all again, or nothing",
    cure: 'set offsets.retention.minutes=10080 or more on every node'
  }]
}

/** Times of members against each other, and against what the cluster allows. */
export const memberTimes: Rule = ({ settings: { revokeDrain, drainTimeout }, subscribers, cluster }) => {
  const least = numberIn(cluster.config, 'group.min.session.timeout.ms') ?? 0
  const most = numberIn(cluster.config, 'group.max.session.timeout.ms') ?? Infinity
  return groupsOf(subscribers).flatMap(([groupId, [{ sessionTimeout, groupInstanceId }]]) => {
    const where = `group '${groupId}'`
    const found: Finding[] = []
    if (sessionTimeout < least || sessionTimeout > most) {
      found.push({
        rule: 'session-timeout',
        where,
        what: `sessionTimeout is ${sessionTimeout} ms, and the cluster allows ${least} to ${most} ms`,
        why: 'the group cannot be joined (INVALID_SESSION_TIMEOUT)',
        cure: "correct the option 'sessionTimeout'"
      })
    }
    if (revokeDrain >= sessionTimeout) {
      found.push({
        rule: 'revoke-drain',
        where,
        what: `revokeDrain is ${shownTime(revokeDrain)}, and sessionTimeout ${shownTime(sessionTimeout)}`,
        why: 'the group waits longer for the handlers of a member that lives than for a member that is dead',
        cure: "write a 'revokeDrain' below 'sessionTimeout'"
      })
    }
    if (groupInstanceId !== undefined && drainTimeout >= sessionTimeout) {
      found.push({
        rule: 'static-member',
        where,
        what: `drainTimeout is ${shownTime(drainTimeout)}, and sessionTimeout ${shownTime(sessionTimeout)}`,
        why: 'a static member (groupInstanceId) that is killed late in its drain is not back before its session ends',
        cure: "write a 'sessionTimeout' above 'drainTimeout' and the time of a restart"
      })
    }
    return found
  })
}

/** Groups that others use in another way. */
export const clashingGroups: Rule = ({ subscribers, cluster }) => {
  return groupsOf(subscribers).flatMap(([groupId, members]) => {
    const group = cluster.groups.get(groupId)
    const where = `group '${groupId}'`
    if (group === undefined || group.members.length === 0) return []
    if (group.protocolType !== 'consumer') {
      return [{
        rule: 'group-protocol',
        where,
        what: `its members are no consumers, but '${group.protocolType}'`,
        why: 'the app cannot join it (INCONSISTENT_GROUP_PROTOCOL)',
        cure: "give the app another 'groupId'"
      }]
    }
    const reads = (topic: string): boolean => members.some((member) => (
      namesOf(member).includes(topic) || member.patterns.some((pattern) => pattern.matches(topic))))
    const foreign = group.members.filter(({ topics = [] }) => topics.some((topic) => !reads(topic)))
    return foreign.length === 0
      ? []
      : [{
          rule: 'group-clash',
          where,
          what: `${foreign.length} member(s) read topics that this app does not: ` + [...new Set(foreign.flatMap(
            ({ topics = [] }) => topics.filter((topic) => !reads(topic))))].slice(0, 5).join(', '),
          why: 'another app, or another version of this one, shares its group: each rebalances the other, and they ' +
            'split what both read',
          cure: `give each app a 'groupId' of its own; the members: ${
            [...new Set(foreign.map(({ clientId }) => clientId))].slice(0, 5).join(', ')}`
        }]
  })
}

type Member = Facts['subscribers'][number]

function groupsOf (subscribers: readonly Member[]): ReadonlyArray<readonly [string, readonly [Member, ...Member[]]]> {
  const groups = new Map<string, [Member, ...Member[]]>()
  for (const each of subscribers) {
    if (each.groupId === null) continue
    const group = groups.get(each.groupId)
    if (group === undefined) groups.set(each.groupId, [each])
    else group.push(each)
  }
  return [...groups]
}
