import type { TransportOptions } from '../transport.js'

/** Topics and groups on a cluster, by their names. */
export interface Leftovers {
  readonly topics: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
}

/** Administration of a cluster, as kafkajs has it. */
interface Admin {
  connect (): Promise<void>
  listTopics (): Promise<string[]>
  deleteTopics (options: { topics: string[] }): Promise<void>
  listGroups (): Promise<{ readonly groups: ReadonlyArray<{ readonly groupId: string }> }>
  deleteGroups (groupIds: string[]): Promise<unknown>
  disconnect (): Promise<void>
}

export type Connection = Pick<TransportOptions, 'brokers' | 'clientId' | 'ssl' | 'sasl'>
export type CreateAdmin = (connection: Connection) => Promise<Admin>

/** Deletes topics and groups. Those that are not there are left out. */
export async function removeFromCluster (
  connection: Connection, { topics, groups }: Leftovers, createAdmin: CreateAdmin = createKafkajsAdmin
): Promise<void> {
  const admin = await createAdmin(connection)
  await admin.connect()
  try {
    const existing = (await admin.listTopics()).filter((topic) => topics.has(topic))
    if (existing.length > 0) await admin.deleteTopics({ topics: existing })
    const { groups: all } = await admin.listGroups()
    const known = all.map(({ groupId }) => groupId).filter((groupId) => groups.has(groupId))
    if (known.length > 0) await admin.deleteGroups(known)
  } finally {
    await admin.disconnect()
  }
}

/** The only use of the app's own copy of kafkajs: this client has no requests that delete. */
async function createKafkajsAdmin ({ brokers, clientId, ssl, sasl }: Connection): Promise<Admin> {
  const { Kafka, logLevel } = await import('kafkajs')
  const retry = { initialRetryTime: 100, retries: 3 }
  const options = { brokers: [...brokers], clientId, ssl, sasl, retry, logLevel: logLevel.NOTHING }
  const kafka: InstanceType<typeof Kafka> = Reflect.construct(Kafka, [options])
  return kafka.admin()
}
