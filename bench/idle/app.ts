import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { cpuSince } from '../report.js'

/** ms; code that runs a few times a second is compiled only after about a minute, and costs twice as much before. */
const WARM_UP = 60_000

const [brokers, seconds, subscribers] = process.argv.slice(2) as [string, string, string]
const app = Fastify()
await app.register(faststreamPlugin, { brokers: brokers.split(','), groupId: `idle-${process.pid}` })
for (let i = 0; i < Number(subscribers); i++) app.broker.subscriber(`idle-${i}`, () => {})
await app.ready()
await sleep(WARM_UP)
const cpu = process.cpuUsage()
await sleep(Number(seconds) * 1000)
process.send?.(cpuSince(cpu) / (Number(seconds) * 1e6))
await app.close()
process.disconnect()
