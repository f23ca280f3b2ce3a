import { type App, GROUP, LETTERS, SIDE, TOPIC } from './app.js'
import { readAssignment } from './assignment.js'
import { isAbort, readRecords, type PlainRecord, type StoredBatch } from './batches.js'
import { digest, ID, type Commit, type History, type Letter, type LogRecord, type Membership } from './judge.js'
import type { World } from './world.js'

interface Found extends PlainRecord {
  readonly partition: number
  readonly offset: number
  readonly at: number
}

/** Everything that the log of a topic holds. */
export function readTopic ({ cluster }: World, topic: string): Found[] {
  return cluster.partitions(topic).flatMap(({ partition, newest }) => visible(newest.batches).flatMap((batch) =>
    readRecords(batch).map((record, i) => ({
      ...record, partition, offset: batch.baseOffset + i, at: batch.at
    })).filter(({ offset }) => offset >= newest.start)))
}

/** Without the ends of transactions, and what was aborted: the marker that follows a transactional batch decides. */
export function visible (batches: readonly StoredBatch[]): StoredBatch[] {
  return batches.filter(({ control, transactional, producerId }, i) => {
    const end = batches.slice(i).find((other) => other.control && other.producerId === producerId)
    return !control && !(transactional && end !== undefined && isAbort(end.bytes))
  })
}

export function historyOf (world: World): History {
  const { published, effects, faults, growths, died } = world
  return {
    published,
    log: readTopic(world, TOPIC).map(toLogRecord),
    effects,
    letters: readTopic(world, LETTERS).map(toLetter),
    commits: commitsOf(world),
    faults,
    growths,
    members: membersOf(world),
    died
  }
}

function toLogRecord ({ partition, offset, key, value, headers = [] }: Found): LogRecord {
  return {
    partition,
    offset,
    id: headerOf(headers, ID),
    digest: digest(key, value, Object.fromEntries(headers) as Record<string, Buffer>)
  }
}

function toLetter ({ key, value, headers = [], at }: Found): Letter {
  const own = headers.filter(([name]) => !name.startsWith('x-dlq-'))
  return {
    partition: Number(headerOf(headers, 'x-dlq-partition')),
    offset: Number(headerOf(headers, 'x-dlq-offset')),
    digest: digest(key, value, Object.fromEntries(own) as Record<string, Buffer>),
    at
  }
}

function headerOf (headers: NonNullable<PlainRecord['headers']>, wanted: string): string {
  return String(headers.findLast(([name]) => name === wanted)?.[1] ?? '')
}

/** In the order of the coordinators. */
function commitsOf ({ cluster }: World): Commit[] {
  return cluster.store.commits
    .filter(({ groupId, topic }) => groupId === GROUP && topic === TOPIC)
    .map(({ partition, offset, at }) => ({ partition, offset: Number(offset), at }))
}

export function membersOf (world: World): Membership {
  const { cluster, group, runningApps } = world
  const members = [...group.members.values()]
  const topics = [TOPIC, SIDE].map((topic) => cluster.partitions(topic).length)
  return {
    alive: runningApps.map(({ name }: App) => name),
    members: members.map(({ memberId }) => cluster.owners.get(memberId) ?? memberId),
    assigned: members.flatMap(({ assignment }) => readAssignment(assignment)).length,
    partitions: topics.reduce((sum, count) => sum + count)
  }
}

/** What of the group is behind the end of the log. */
export function lagOf ({ cluster }: World): string[] {
  return [TOPIC, SIDE].flatMap((topic) => cluster.partitions(topic).flatMap(({ partition, newest: { end, start } }) => {
    const stored = Number(cluster.store.offset(GROUP, topic, partition)?.offset ?? start)
    return stored >= end ? [] : [`${topic} ${partition}: ${stored} of ${end}`]
  }))
}
