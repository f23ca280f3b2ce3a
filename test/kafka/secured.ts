import { createRequire } from 'node:module'
import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { type ClusterOptions, type Cluster, startCluster } from '../../tools/kafka/cluster.js'
import type { Security } from '../../tools/kafka/security.js'
import { addAcls } from './acls.js'
import { transportOptions } from './client.js'
import { until } from './fixture.js'

// Node does not find these names among the exports of the CommonJS module.
const require = createRequire(import.meta.url)
const {
  AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes
} = require('kafkajs') as typeof import('kafkajs')

export interface SecuredCluster extends Cluster {
  readonly security: Security
}

/** A cluster of this file's own, whose users may do everything. */
export async function securedCluster (
  options: Pick<ClusterOptions, 'sessionLifetime'> & Required<Pick<ClusterOptions, 'users'>>
): Promise<SecuredCluster> {
  const cluster = await startCluster({ nodes: 1, ...options })
  t.teardown(() => cluster.stop())
  const { saslSsl, ca } = cluster.security!
  await addAcls(options.users.flatMap(rightsOf), cluster.brokers)
  // The first client waits for what this process and the broker load then.
  const sasl = { mechanism: 'plain', ...options.users[0]! } as const
  await until(async () => {
    const transport = createKafkajsTransport(transportOptions({ brokers: saslSsl, ssl: { ca }, sasl }))
    await transport.connect().finally(() => transport.close())
    return true
  }, 60_000)
  return cluster as SecuredCluster
}

function rightsOf ({ username }: { readonly username: string }) {
  return [AclResourceTypes.TOPIC, AclResourceTypes.GROUP].map((resourceType) => ({
    resourceType,
    resourceName: '*',
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${username}`,
    host: '*',
    operation: AclOperationTypes.ALL,
    permissionType: AclPermissionTypes.ALLOW
  }))
}

/** An unsigned token of a user, which the test cluster takes until it expires, ms since the epoch. */
export function tokenOf (username: string, expires: number): string {
  const parts = [{ alg: 'none' }, { sub: username, iat: 0, exp: expires / 1000 }]
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`
}

export type SecurityOptions = Pick<FaststreamOptions, 'brokers' | 'ssl' | 'sasl'>
