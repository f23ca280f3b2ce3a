import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { conformance } from '../conformance/suite.js'
import { brokers, createTopic, readLog, uniqueName, withAdmin } from './fixture.js'

conformance({
  name: 'kafka',
  unique: uniqueName,
  async app (t, options) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin, { brokers: brokers(), ...options })
    return app
  },
  createTopic: (partitions) => createTopic({ partitions }),
  async read (topic) {
    const records = await readLog(topic)
    return records.map(({ headers = {}, timestamp, ...record }) => ({
      ...record,
      timestamp: Number(timestamp),
      headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [values ?? null].flat().map((value) => value === null ? null : Buffer.from(value))]))
    }))
  },
  async partitions (topic) {
    const existing = await withAdmin((admin) => admin.listTopics())
    if (!existing.includes(topic)) return 0
    const { topics: [metadata] } = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] }))
    return metadata?.partitions.length ?? 0
  }
})
