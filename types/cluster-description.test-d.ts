import type { ClusterDescription, Transport } from '../index.js'

/* Checked by `tsc`, never run: what a transport tells of its cluster. */

export const described: ClusterDescription = {
  nodes: 3,
  topics: new Map([['orders', { partitions: 3, leaderless: [], replicas: 3, isInSync: true, config: undefined }]]),
  groups: new Map([['shop', { protocolType: 'consumer', members: [{ clientId: 'shop', topics: ['orders'] }] }]]),
  config: new Map([['offsets.retention.minutes', '10080']]),
  untold: []
}
export const told: Pick<Transport, 'describeCluster'> = { describeCluster: async () => described }
// @ts-expect-error: settings have their names
export const settings: ClusterDescription = { ...described, config: { 'retention.ms': '1' } }
// @ts-expect-error: the answer is awaited
export const atOnce: Pick<Transport, 'describeCluster'> = { describeCluster: () => described }
