/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { KafkaRouter, route } from '../index.js'

const { broker } = Fastify()
const partitions = [0, 2] as const

broker.subscriber(['orders', 'returns'], { partitions }, (_, { partition }) => { broker.publish('seen', partition) })
broker.subscriber('orders', { groupId: 'hand', partitions: [1] }, () => {})
broker.subscriber('orders', { partitions, by: () => 'a', cases: { a: { handler: () => {} } } })
broker.consumes({ partitions }, function onOrders () {})
const router = new KafkaRouter({ handlers: [route('orders', () => {}, { partitions })] })
router.subscriber('orders', { partitions }, () => {})

// @ts-expect-error partitions are numbers
broker.subscriber('orders', { partitions: ['0'] }, () => {})
// @ts-expect-error several partitions are a list
broker.subscriber('orders', { partitions: 0 }, () => {})
// @ts-expect-error a router chooses no partitions: its subscribers do
new KafkaRouter({ partitions }) // eslint-disable-line no-new
