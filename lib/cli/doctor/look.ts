import type { FastifyInstance } from 'fastify'
import { brokersOf } from '../../broker/app-brokers.js'
import type { Broker } from '../../broker/broker.js'
import { namesOf } from '../../broker/plan.js'
import { neededRights } from '../../broker/runtime.js'
import { FASTSTREAM_ERR_API_VERSION } from '../../errors.js'
import { isNotAuthorized } from '../../missing-rights.js'
import { reasonOf } from '../../to-error.js'
import { createTransport } from '../../transport/create.js'
import type { ClusterDescription, Transport } from '../../transport/transport.js'
import type { Finding, Rule } from './finding.js'

/** What was found, and what could not be told. */
export interface Verdict {
  readonly findings: ReadonlyArray<Finding & { readonly broker: string }>
  readonly untold: ReadonlyArray<{ readonly broker: string, readonly what: string }>
}

/** Compares each broker of an app with its cluster. No group is joined, and nothing is written. */
export async function lookAt (app: FastifyInstance, rules: readonly Rule[]): Promise<Verdict> {
  const looks = await Promise.all([...brokersOf(app).byName.values()].map((broker) => lookAtBroker(broker, rules)))
  return { findings: looks.flatMap(({ findings }) => findings), untold: looks.flatMap(({ untold }) => untold) }
}

async function lookAtBroker (broker: Broker, rules: readonly Rule[]): Promise<Verdict> {
  const { settings, registry: { subscribers, topics, writtenTopics }, log, name } = broker
  const findings: Finding[] = []
  const untold: string[] = []
  let transport: Transport | undefined
  try {
    transport = await createTransport(settings, log)
    await transport.connect()
    const groups = subscribers.flatMap(({ groupId }) => groupId ?? [])
    const asked = [...new Set([...topics, ...subscribers.flatMap(namesOf)])]
    findings.push(...await missingRights(transport, neededRights({ subscribers, writtenTopics })))
    const cluster = await describe(transport, asked, [...new Set(groups)])
    untold.push(...cluster.untold)
    findings.push(...rules.flatMap((rule) => rule({ settings, subscribers, topics: asked, cluster })))
  } catch (error) {
    if (error instanceof FASTSTREAM_ERR_API_VERSION) findings.push(versions(error.message))
    else untold.push(reasonOf(error))
  } finally {
    await transport?.close()
  }
  return {
    findings: findings.map((finding) => ({ broker: name, ...finding })),
    untold: untold.map((what) => ({ broker: name, what }))
  }
}

async function missingRights (
  transport: Transport, needed: ReturnType<typeof neededRights>
): Promise<readonly Finding[]> {
  try {
    await transport.checkRights?.(needed)
    return []
  } catch (error) {
    if (!isNotAuthorized(error)) throw error
    return error.rights.map(({ operation, resource, name }) => ({
      rule: 'right',
      where: `${resource} '${name}'`,
      what: `the right ${operation} is missing`,
      why: 'the app does not start',
      cure: `kafka-acls.sh --add --allow-principal … --operation ${operation} --${resource} ${name}`
    }))
  }
}

/** Of a transport that tells no more than its topics: these, and that the rest is not told. */
async function describe (
  transport: Transport, topics: readonly string[], groups: readonly string[]
): Promise<ClusterDescription> {
  if (transport.describeCluster !== undefined) return await transport.describeCluster({ topics, groups })
  const counts = await transport.describeTopics(topics)
  const described = Array.from(counts, ([topic, partitions]) => (
    [topic, { partitions, leaderless: [], replicas: 1, isInSync: true, config: undefined }] as const))
  return {
    nodes: undefined,
    topics: new Map(described),
    groups: new Map(),
    config: undefined,
    untold: [`the transport '${transport.name}' tells nothing of settings, replicas and groups`]
  }
}

function versions (what: string): Finding {
  return {
    rule: 'api-versions',
    where: 'the nodes of the cluster',
    what,
    why: 'the app does not start',
    cure: 'use a cluster of Kafka 3.9 or 4, or the version of this package that knows yours'
  }
}
