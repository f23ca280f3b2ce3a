import { startCluster } from '../tools/kafka/cluster.js'

/** Runs `use` on the cluster of KAFKA_BROKERS, or on one node that is started for it. */
export async function withKafka (use: (brokers: string[]) => Promise<void>): Promise<void> {
  const given = process.env.KAFKA_BROKERS
  if (given) return await use(given.split(','))
  const cluster = await startCluster({ nodes: 1 })
  try {
    await use([...cluster.brokers])
  } finally {
    await cluster.stop()
  }
}

export function median (numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1
    ? sorted[half] as number
    : ((sorted[half - 1] as number) + (
        sorted[half] as number
      )) / 2
}
