import { Ajv } from 'ajv'
import { Consumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'
import { meter } from './meter.js'

// `for await` of @platformatic/kafka, as its README reads a topic, with JSON.parse and Ajv.

const { brokers, topic, groupId, schema, records } = JSON.parse(process.argv[2])
const validate = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }).compile(schema)
const { handle, ended } = meter(records)
const consumer = new Consumer({
  groupId, clientId: 'peer', bootstrapBrokers: brokers, deserializers: stringDeserializers
})
const stream = await consumer.consume({ autocommit: true, topics: [topic], mode: MessagesStreamModes.EARLIEST })
for await (const { value } of stream) {
  const order = JSON.parse(value)
  if (!validate(order)) throw new Error('invalid')
  await handle(order)
  if (ended()) break
}
await consumer.close(true)
