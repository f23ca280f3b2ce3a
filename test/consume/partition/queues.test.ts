import t from 'tap'
import { Queues, topicsToRead } from '../../../lib/consume/partition/queues.js'
import type { SubscriberQueue } from '../../../lib/consume/partition/subscriber-queue.js'

function queue (topics: readonly string[], findsTopic?: (topic: string) => boolean): SubscriberQueue {
  return { topics, pipeline: { plan: { topics, findsTopic } } } as unknown as SubscriberQueue
}

const isShop = (topic: string): boolean => topic.startsWith('shop.')
const isAny = (): boolean => true

t.test('a topic has the queue that names it, else the first one with a pattern that finds it', async (t) => {
  const queues = new Queues()
  const [named, shop, any] = [queue(['shop.orders']), queue(['/^shop\\./'], isShop), queue(['/^/'], isAny)]
  for (const each of [named, shop, any]) queues.add(each)
  t.equal(queues.of('shop.orders'), named)
  t.equal(queues.of('shop.bills'), shop)
  t.equal(queues.of('stock'), any)
  queues.retire(shop)
  t.equal(queues.of('shop.bills'), any)
  queues.delete(any)
  t.equal(queues.of('shop.bills'), undefined)
  t.same([...queues.reading], [named])
})

t.test('a consumer subscribes to names once, and to the tests of patterns in place of their texts', async (t) => {
  const plans = [
    { topics: ['orders', 'bills'] }, { topics: ['orders', '/^shop\\./'], findsTopic: isShop },
    { topics: ['/^shop\\./'], findsTopic: isShop }
  ]
  t.same(topicsToRead(plans), ['orders', 'bills', isShop])
})
