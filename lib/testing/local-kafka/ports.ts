import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { HOST } from './settings.js'

/**
 * Returns free ports of this host, from below the range that outgoing connections take theirs from: a node that was
 * killed must find its port free when it comes up again, and a client that knocks on a dead port must not meet itself.
 */
export async function freePorts (count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(15_000, 32_000)
    if (!ports.has(port) && await isFree(port)) ports.add(port)
  }
  return [...ports]
}

export async function isFree (port: number): Promise<boolean> {
  const server = createServer().listen({ port, host: HOST, exclusive: true })
  const isFree = await once(server, 'listening').then(() => true, () => false)
  server.close()
  return isFree
}
