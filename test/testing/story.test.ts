import t from 'tap'
import { RecordedDelivery, RecordedMessage } from '../../lib/testing/recorded.js'
import { Recorder } from '../../lib/testing/recorder.js'
import { storyOf } from '../../lib/testing/story.js'
import { Tracking } from '../../lib/testing/tracking.js'

t.test('a story tells of attempts that run or were given up, and of messages that others have published', async (t) => {
  const message = new RecordedMessage({ topic: 'orders', partition: 0, offset: 1n })
  const [running, givenUp, mended] = ['run', 'gone', 'again'].map((name) => new RecordedDelivery(message, 'shop', name))
  running!.begin(1, 'run')
  givenUp!.begin(1, 'gone')
  givenUp!.isGivenUp = true
  mended!.begin(1, 'again')
  Object.assign(mended!.last!, { delay: 10, hasEnded: true })
  mended!.begin(2, 'again')
  message.deliveries.push(running!, givenUp!, mended!)
  const tracked = { messages: new Set([message]), publishing: new Set<{ topic: string }>() }
  t.equal(storyOf(tracked, new Tracking(new Recorder()), null), [
    'the call returned null',
    '  published orders[0] 1',
    '    run (group shop) runs',
    '    gone (group shop) runs, given up',
    '    again (group shop), attempt 1 handled it, again after 10 ms',
    '    again (group shop), attempt 2 runs'
  ].join('\n'))
})
