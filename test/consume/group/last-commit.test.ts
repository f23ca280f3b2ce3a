import t from 'tap'
import { turn } from '../../support/manual-clock.js'
import { build } from '../../support/group-fixture.js'

/** A group with one settled message, whose commit is answered when the test says so. */
async function settledAndHeld () {
  const fixture = build()
  let answer = (): void => {}
  fixture.consumer.outcomes.push(() => new Promise((resolve) => { answer = resolve }))
  fixture.assign(0)
  fixture.receive(0, 0, 1)
  await fixture.end('orders[0] 0')
  return { ...fixture, answer: () => { answer() } }
}

for (const [title, stop] of [['revoking()', 'revoking'], ['close()', 'close']] as const) {
  t.test(`${title} waits for the answer to the last commit`, async (t) => {
    const { group, consumer, answer } = await settledAndHeld()
    const steps: string[] = []
    const stopped = (stop === 'close' ? group.close(5000) : group.revoking()).then(() => { steps.push('stopped') })
    await turn()
    t.same(consumer.commits, [['orders[0] 1']])
    t.same(steps, [])
    t.notOk(consumer.calls.includes('close'), 'the member stays in the group until its commit is answered')
    steps.push('answered')
    answer()
    await stopped
    t.same(steps, ['answered', 'stopped'])
  })

  t.test(`${title} waits for an unanswered commit up to its own time-out`, async (t) => {
    const { clock, group, consumer, log } = await settledAndHeld()
    let stopped = false
    const stopping = (stop === 'close' ? group.close(5000) : group.revoking()).then(() => { stopped = true })
    await clock.advance(4999)
    t.equal(stopped, false)
    t.notOk(consumer.calls.includes('close'))
    await clock.advance(1)
    await stopping
    t.match(log.lines.at(-1), /^warn the last commit did not end in time/)
    t.same(log.details.at(-1), { groupId: 'shop', timeout: 5000 })
    t.equal(clock.waiting, 0)
  })

  t.test(`${title} waits for the commit in flight, and for the one that follows it`, async (t) => {
    const { clock, group, consumer, receive, end, answer } = await settledAndHeld()
    await clock.advance(1000)
    t.same(consumer.commits, [['orders[0] 1']])
    receive(0, 1, 1)
    await end('orders[0] 1')
    let answerLast = (): void => {}
    consumer.outcomes.push(() => new Promise((resolve) => { answerLast = resolve }))
    let stopped = false
    const stopping = (stop === 'close' ? group.close(5000) : group.revoking()).then(() => { stopped = true })
    await turn()
    t.equal(consumer.commits.length, 1)
    answer()
    await turn()
    t.same(consumer.commits.at(-1), ['orders[0] 2'])
    t.equal(stopped, false)
    answerLast()
    await stopping
  })
}

t.test('close() waits until the consumer has left its group', async (t) => {
  const { group, consumer, assign } = build()
  assign(0)
  let leave = (): void => {}
  consumer.close = () => new Promise((resolve) => { leave = resolve })
  let closed = false
  const closing = group.close(5000).then(() => { closed = true })
  await turn()
  t.equal(closed, false)
  leave()
  await closing
})
