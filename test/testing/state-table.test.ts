import t from 'tap'
import type { Broker } from '../../lib/broker/broker.js'
import { Readers } from '../../lib/testing/readers.js'
import { RecordedDelivery, RecordedMessage } from '../../lib/testing/recorded.js'
import { stateTable } from '../../lib/testing/state-table.js'

const BROKER = {
  registry: {
    subscribers: [
      { topics: ['orders'], patterns: [], groupId: 'shop', name: 'onOrder', declaration: {} },
      { topics: ['orders'], patterns: [], groupId: 'shop', name: 'other', declaration: {} },
      { topics: [], patterns: [{ matches: () => true }], groupId: null, name: 'watch', declaration: {} }
    ]
  },
  health: () => ({ subscribers: [{ name: 'onOrder', groupId: 'shop', state: 'reading' }] })
} as unknown as Broker

const place = { topic: 'orders', partition: 0, offset: 7n }

function rowOf (prepare: (delivery: RecordedDelivery) => void): string[] {
  const message = new RecordedMessage(place)
  const delivery = new RecordedDelivery(message, 'shop', 'onOrder')
  const watched = new RecordedDelivery(message, null, 'watch')
  watched.begin(1, 'watch')
  watched.outcome = 'acknowledged'
  watched.last!.hasEnded = true
  message.deliveries.push(delivery, watched)
  prepare(delivery)
  const table = stateTable({ messages: new Set([message]), publishing: new Set() }, new Readers([BROKER]), false)
  return table.split('\n').slice(1)
}

t.test('a row says what state a delivery is in, and what it waits for', async (t) => {
  const error = new Error('no luck')
  const attempted = (delivery: RecordedDelivery, hasEnded: boolean) => {
    delivery.begin(1, 'onOrder')
    return Object.assign(delivery.last!, { hasEnded })
  }
  const failure = { stage: 'handler', error } as const
  t.same(rowOf(() => {}), ['orders[0] 7  is not handled yet  onOrder of group shop'])
  t.same(rowOf((each) => { attempted(each, false) }), ['orders[0] 7  runs in onOrder, attempt 1  the handler'])
  t.same(rowOf((each) => { attempted(each, true) }), ['orders[0] 7  was handled by onOrder  its settlement'])
  t.same(rowOf((each) => { attempted(each, true).failure = failure }), [
    "orders[0] 7  failed in onOrder, attempt 1: 'no luck'  its dead letter"
  ])
  t.same(rowOf((each) => { Object.assign(attempted(each, true), { failure, delay: 200.4 }) }), [
    "orders[0] 7  failed in onOrder, attempt 1: 'no luck'  a retry after 200 ms"
  ])
  t.same(rowOf((each) => {
    attempted(each, true)
    each.isGivenUp = true
  }), ['orders[0] 7  was given up by onOrder  its redelivery'])
  t.same(rowOf((each) => {
    attempted(each, true)
    each.outcome = 'acknowledged'
  }), ['orders[0] 7  is done'])
})

t.test('subscribers without a group read for themselves, and a reader without a state is named alone', async (t) => {
  const message = new RecordedMessage(place)
  const tracked = { messages: new Set([message]), publishing: new Set([{ topic: 'bills' }]) }
  t.same(stateTable(tracked, new Readers([BROKER]), true).split('\n'), [
    'message              state               waits for',
    'the call             runs                its end',
    'a message for bills  is being published  the cluster',
    'orders[0] 7          is not handled yet  onOrder of group shop',
    'orders[0] 7          is not handled yet  watch'
  ])
})
