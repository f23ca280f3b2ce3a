import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import faststreamPlugin from 'fastify-faststream'
import { cpuSince } from '../report.js'

// Publishes records with so many publishers in turn, 1 000 at a time.

const OPEN = 1000

const [brokers, topic, publishers, records] = process.argv.slice(2) as [string, string, string, string]
const count = Number(records)
const app = Fastify()
await app.register(faststreamPlugin, { brokers: brokers.split(',') })
const all = Array.from({ length: Number(publishers) }, (_, i) => app.broker.publisher(topic, {
  schema: { value: Type.Object({ id: Type.String(), [`member${i}`]: Type.String() }) }
}))
await app.ready()

async function publish (from: number): Promise<void> {
  await Promise.all(Array.from({ length: OPEN }, (_, j) => {
    const i = (from + j) % all.length
    return all[i]!.publish({ id: `id-${from + j}`, [`member${i}`]: 'x'.repeat(200) })
  }))
}

await publish(0)
const [began, cpu] = [performance.now(), process.cpuUsage()]
for (let from = 0; from < count; from += OPEN) await publish(from)
process.send?.({ seconds: (performance.now() - began) / 1000, cpu: cpuSince(cpu) })
await app.close()
process.disconnect()
