import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { EventPattern, Payload, Transport } from '@nestjs/microservices'
import { Ajv } from 'ajv'
import { meter } from './meter.js'

// A microservice of NestJS. Its transport parses the JSON; Ajv checks it, which takes less than Nest's own pipe. The
// decorators are called by hand: plain JavaScript has none.

const { brokers, topic, groupId, schema, records } = JSON.parse(process.argv[2])
const validate = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }).compile(schema)
const { handle, ended } = meter(records)

class Orders {
  async placed (order) {
    if (!validate(order)) throw new Error('invalid')
    await handle(order)
    if (ended()) setImmediate(close)
  }
}
Controller()(Orders)
Payload()(Orders.prototype, 'placed', 0)
EventPattern(topic)(Orders.prototype, 'placed', Object.getOwnPropertyDescriptor(Orders.prototype, 'placed'))

class App {}
Module({ controllers: [Orders] })(App)

async function close () {
  await app.close()
  process.exit()
}

const app = await NestFactory.createMicroservice(App, {
  transport: Transport.KAFKA,
  logger: ['error'],
  options: { client: { brokers }, consumer: { groupId }, postfixId: '', subscribe: { fromBeginning: true } }
})
await app.listen()
