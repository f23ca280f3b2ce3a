import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import faststreamPlugin from 'fastify-faststream'
import { cpuSince } from '../report.js'

// Reads topics to their end, each with a subscriber of its own.

const [brokers, topics, records] = process.argv.slice(2) as [string, string, string]
const count = Number(records)
const schema = { value: Type.Object({ id: Type.String(), text: Type.String() }) }
const app = Fastify()
await app.register(faststreamPlugin, { brokers: brokers.split(','), groupId: `growth-${process.pid}-${Date.now()}` })
let seen = 0
let began = 0
let cpu = process.cpuUsage()
for (const topic of topics.split(',')) {
  app.broker.subscriber(topic, { schema, deadLetter: false }, async () => {
    if (seen === 0) {
      began = performance.now()
      cpu = process.cpuUsage()
    }
    if (++seen !== count) return
    process.send?.({ seconds: (performance.now() - began) / 1000, cpu: cpuSince(cpu) })
    setImmediate(() => app.close().then(() => process.disconnect()))
  })
}
await app.ready()
