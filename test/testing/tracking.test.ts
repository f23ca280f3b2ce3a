import t from 'tap'
import type { MessageProcessContext, MessagePublishContext } from '../../index.js'
import { processing, publishing } from '../../lib/events.js'
import { Recorder } from '../../lib/testing/recorder.js'
import { Tracking, type Tracked } from '../../lib/testing/tracking.js'
import { environmentOf, BROKER } from '../support/environment.js'
import { ManualClock } from '../support/manual-clock.js'

function publishContext (
  topic: string, correlationId?: string, brokerId: string = BROKER.brokerId
): MessagePublishContext {
  const headers: MessagePublishContext['headers'] = []
  if (correlationId !== undefined) headers.push(['correlation_id', Buffer.from(correlationId)])
  return { ...BROKER, brokerId, topic, partition: undefined, key: null, tombstone: false, headers }
}

function processContext (correlationId: string | undefined, brokerId: string = BROKER.brokerId): MessageProcessContext {
  const place = { groupId: 'shop', subscriber: 'onOrder', topic: 'orders', partition: 0, offset: 0n }
  const header = (): string | undefined => correlationId
  const traced = { key: null, tombstone: false, correlationId: () => correlationId ?? 'new', header }
  return { ...BROKER, brokerId, ...place, ...traced, attempt: 1 }
}

function tracking () {
  const { events } = environmentOf(new ManualClock())
  const recorder = new Recorder()
  const tracking = new Tracking(recorder)
  tracking.listen(events)
  tracking.listen(events)
  const tracked: Tracked = { messages: new Set(), publishing: new Set() }
  return { recorder, tracking, tracked }
}

t.test('a message may be handled before its publish is answered: then its correlation id says its cause', async (t) => {
  const { recorder, tracking: following, tracked } = tracking()
  t.teardown(() => { following.stop() })
  const first = publishContext('orders', 'c')
  following.run(tracked, () => { publishing.start.publish(first) })
  const second = publishContext('invoices')
  processing.start.runStores(processContext('c'), () => { publishing.start.publish(second) })
  t.same(Array.from(tracked.publishing, ({ topic }) => topic), ['orders', 'invoices'])
  first.result = { topic: 'orders', partition: 0, offset: 0n }
  publishing.asyncEnd.publish(first)
  publishing.asyncEnd.publish(second)
  t.equal(tracked.publishing.size, 0, 'a publish that failed has no message')
  t.same([...tracked.messages], [recorder.message(first.result)])
})

t.test('messages without a cause belong to no call', async (t) => {
  const { tracking: following, tracked } = tracking()
  t.teardown(() => { following.stop() })
  publishing.start.publish(publishContext('orders'))
  const alone = publishContext('orders', 'unknown')
  publishing.start.publish(alone)
  publishing.asyncEnd.publish(Object.assign(alone, { result: { topic: 'orders', partition: 0, offset: 1n } }))
  processing.start.runStores(processContext(undefined), () => { publishing.start.publish(publishContext('invoices')) })
  t.equal(tracked.publishing.size + tracked.messages.size, 0)
})

t.test('what other apps of the process do is none of it', async (t) => {
  const { tracking: following, tracked, recorder } = tracking()
  t.teardown(() => { following.stop() })
  const foreign = publishContext('orders', 'c', 'other')
  following.run(tracked, () => {
    publishing.start.publish(foreign)
    processing.start.runStores(processContext('c', 'other'), () => { publishing.start.publish(publishContext('ours')) })
  })
  publishing.asyncEnd.publish(foreign)
  processing.asyncEnd.publish(processContext('c', 'other'))
  t.same(Array.from(tracked.publishing, ({ topic }) => topic), ['ours'], 'the context of the call stays')
  t.equal(recorder.running, 0)
})

t.test('it stops once', async (t) => {
  const { tracking: following } = tracking()
  following.stop()
  following.stop()
  t.notOk(processing.hasSubscribers || publishing.hasSubscribers)
})
