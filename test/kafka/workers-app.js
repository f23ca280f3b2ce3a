// An app that `faststream run --workers` runs: it writes each message that it handles to a topic.
import { faststreamPlugin } from 'fastify-faststream'

export const options = { logger: false }

export default async function app (app, { brokers, group, from, to }) {
  await app.register(faststreamPlugin, { brokers, groupId: group, topics: 'ignore' })
  const handled = app.broker.publisher(to)
  app.broker.subscriber(from, async (value) => {
    await handled.publish({ value, pid: process.pid })
  })
}
