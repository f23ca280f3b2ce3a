import t from 'tap'
import {
  isForAnotherGroup, isRedriven, redriveHeaders, REDRIVE_GROUP, TRIPS, tripsOf
} from '../../lib/message/redrive-headers.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { record } from '../support/record.js'

const header = (name: string, text: string): RawHeader => [name, Buffer.from(text)]
const shop = [header(REDRIVE_GROUP, 'shop')]

t.test('a redriven message is for one group, and a message that was not redriven for all', async (t) => {
  const isForAnother = (headers: RawHeader[], groupId: string | null, size = 100) => {
    return isForAnotherGroup(record(0, 'v', { headers, size }), { groupId, bodyLimit: 100 })
  }
  t.equal(isForAnother(shop, 'shop'), false)
  t.equal(isForAnother(shop, 'billing'), true)
  t.equal(isForAnother(shop, null), true)
  t.equal(isForAnother([], 'shop'), false)
  t.equal(isForAnother(shop, 'billing', 101), false, 'the headers of a larger message are not searched')
})

t.test('a message with a group is redriven, and no other one', async (t) => {
  t.equal(REDRIVE_GROUP, 'x-dlq-redrive-group')
  t.equal(TRIPS, 'x-dlq-trips')
  t.equal(isRedriven(shop), true)
  t.equal(isRedriven([header(TRIPS, '1')]), false)
})

t.test('trips are a number of at most three digits', async (t) => {
  for (const text of ['0', '1', '999']) t.equal(tripsOf([header(TRIPS, text)]), Number(text), text)
  for (const text of ['1000', '', '-1', '1x', 'x1', '1.5']) {
    t.equal(tripsOf([header(TRIPS, text)]), 0, text)
  }
  t.equal(tripsOf([]), 0)
  t.equal(tripsOf([header(TRIPS, '1'), header(TRIPS, '2')]), 2)
})

t.test('the place, the group and the trips stand behind the headers of the message', async (t) => {
  const own = header('a', '1')
  const place = { topic: 'orders', partition: 2, offset: 7n, timestamp: 5 }
  const written = (timestamp: string) => [
    own, header('x-dlq-topic', 'orders'), header('x-dlq-partition', '2'), header('x-dlq-offset', '7'),
    header('x-dlq-timestamp', timestamp), header(REDRIVE_GROUP, 'shop'), header(TRIPS, '3')
  ]
  t.same(redriveHeaders([own], place, 'shop', 3), written('5'))
  t.same(redriveHeaders([own], { ...place, timestamp: undefined }, 'shop', 3), written('-1'))
})
