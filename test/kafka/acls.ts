import type { AclEntry } from 'kafkajs'
import { until, withAdmin } from './fixture.js'

/** Adds ACLs. Resolves once the cluster decides by them: the controller, which stores them, is ahead of its nodes. */
export async function addAcls (acl: AclEntry[], brokers: readonly string[]): Promise<void> {
  await withAdmin((admin) => admin.createAcls({ acl }), brokers)
  await until(async () => (await Promise.all(acl.map((entry) => isKnown(entry, brokers)))).every(Boolean))
}

/** Removes ACLs. Resolves once the cluster does not decide by them any more. */
export async function removeAcls (filters: AclEntry[], brokers: readonly string[]): Promise<void> {
  await withAdmin((admin) => admin.deleteAcls({ filters }), brokers)
  await until(async () => !(await Promise.all(filters.map((entry) => isKnown(entry, brokers)))).some(Boolean))
}

async function isKnown (entry: AclEntry, brokers: readonly string[]): Promise<boolean> {
  const { resources } = await withAdmin((admin) => admin.describeAcls(entry), brokers)
  return resources.length > 0
}
