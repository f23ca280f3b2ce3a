import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin from 'fastify-faststream'
import { follow } from './load.js'

const [side, list, topic] = process.argv.slice(2) as [string, string, string]
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { brokers: list.split(','), groupId: `${topic}-answers`, clientId: topic })

const Item = Type.Object({ id: Type.String(), text: Type.String() })
const schema = { value: Item, reply: Item }
const items = app.broker.publisher(topic, { schema, key: ({ id }) => id })
const beside = app.broker.publisher(`${topic}-beside`, { key: 'k' })
if (side === 'answer') app.broker.subscriber(topic, { schema }, (item) => item)
await app.ready()
if (side === 'ask') await app.broker.request(items, { id: '', text: '' }, { timeout: 30_000 })
follow({
  request: (value) => items.request(value as { id: string, text: string }),
  publish: (value) => beside.publish(value),
  close: () => app.close()
})
