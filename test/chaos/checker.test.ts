import t from 'tap'
import { check } from './checker.js'
import type { Anomaly } from './evidence.js'
import type { Effect, FaultRecord, History, LogRecord, Published } from './history.js'
import { FAULT_KINDS, isForgetful, planFaults, type Step } from './plan.js'
import { Random } from './random.js'
import { workload, type Load } from './workload.js'

/* A checker that never fails proves nothing: each anomaly is put into a history that has none, and must be found. */

const ids = ['a:0', 'a:1', 'b:0', 'a:2']

/**
 * Four messages in one partition, at their offsets; each is handled in 10 ms, 100 ms after the other; the last one
 * becomes a dead letter.
 */
function history (changes: Partial<History> = {}): History {
  return {
    published: ids.map((id, offset) => published(id, offset)),
    log: ids.map((id, offset) => record(id, offset)),
    effects: ids.slice(0, 3).map((id, offset) => effect(id, offset)),
    letters: [{ id: 'a:2', partition: 0, offset: 3, digest: 'a:2', at: 310 }],
    commits: [{ partition: 0, offset: 2, at: 150 }, { partition: 0, offset: 4, at: 400 }],
    faults: [],
    growths: 0,
    members: { alive: ['app-1'], members: ['app-1'], assigned: 1, partitions: 1 },
    died: [],
    ...changes
  }
}

function published (id: string, offset: number, changes: Partial<Published> = {}): Published {
  const [key = '', seq] = id.split(':')
  return {
    id,
    key,
    seq: Number(seq),
    verdict: id === 'a:2' ? 'dead' : 'handled',
    at: offset * 100 - 50,
    outcome: 'ok',
    partition: 0,
    offset,
    ...changes
  }
}

function record (id: string, offset: number, partition = 0): LogRecord {
  return { id, partition, offset, digest: id }
}

function effect (id: string, offset: number, changes: Partial<Effect> = {}): Effect {
  return { id, partition: 0, offset, by: 'app-1', done: true, start: offset * 100, end: offset * 100 + 10, ...changes }
}

function fault (kind: FaultRecord['kind'], changes: Partial<FaultRecord> = {}): FaultRecord {
  return { kind, step: 0, targets: ['app-1'], start: 300, end: 350, recovered: 1000, ...changes }
}

function anomalies (changes: Partial<History>): Anomaly[] {
  return [...check(history(changes)).anomalies.keys()]
}

t.test('a run that kept every promise has no anomaly', async (t) => {
  t.same(anomalies({}), [])
})

t.test('a message that was acknowledged and is not in the log is lost', async (t) => {
  t.same(anomalies({ published: [...history().published, published('c:0', 4)] }), ['lost-write'])
})

t.test('a message whose outcome is unknown is under no promise', async (t) => {
  t.same(anomalies({ published: [...history().published, published('c:0', 4, { outcome: 'unknown' })] }), [])
})

t.test('a message that is in the log twice is a duplicate there, also when the producer does not know', async (t) => {
  for (const outcome of ['ok', 'unknown'] as const) {
    const { published: [first, ...rest], log, effects } = history()
    t.same(anomalies({
      published: [{ ...first!, outcome }, ...rest],
      log: [...log, record('c:0', 4), record('c:0', 5)],
      effects: [...effects, effect('c:0', 4), effect('c:0', 5)]
    }), ['phantom'], 'c:0 was never published')
    t.same(anomalies({
      published: [...rest, { ...first!, outcome }, published('c:0', 4, { outcome })],
      log: [...log, record('c:0', 4), record('c:0', 5)],
      effects: [...effects, effect('c:0', 4), effect('c:0', 5)]
    }), ['duplicate'])
  }
})

t.test('a message whose publish failed must not be in the log', async (t) => {
  const [first, ...rest] = history().published
  t.same(anomalies({ published: [{ ...first!, outcome: 'fail' }, ...rest] }), ['phantom'])
})

t.test('an acknowledgement names the place where the message is', async (t) => {
  const [first, ...rest] = history().published
  t.same(anomalies({ published: [{ ...first!, offset: 9 }, ...rest] }), ['inconsistent-offsets'])
})

t.test('messages of a key are in the log in the order of their publishes', async (t) => {
  const swapped = ['a:1', 'a:0', 'b:0', 'a:2']
  t.same(anomalies({
    published: swapped.map((id, offset) => published(id, offset)),
    log: swapped.map((id, offset) => record(id, offset)),
    effects: swapped.slice(0, 3).map((id, offset) => effect(id, offset))
  }), ['log-order'])
})

t.test('a key stays in its partition as long as there are no more of them', async (t) => {
  const moved = {
    published: [...history().published, published('b:1', 0, { partition: 1 })],
    log: [...history().log, record('b:1', 0, 1)],
    effects: [...history().effects, effect('b:1', 0, { partition: 1 })]
  }
  t.same(anomalies(moved), ['moved-key'])
  t.same(anomalies({ ...moved, growths: 1 }), [])
})

t.test('a message in the log that no handler finished was lost on its way in', async (t) => {
  t.same(anomalies({ effects: history().effects.slice(1), commits: [] }), ['unseen'])
  const [first, ...rest] = history().effects
  t.same(
    anomalies({ effects: [{ ...first!, done: false }, ...rest], commits: [] }), ['unseen'], 'it threw, and that was all'
  )
})

t.test('what must become a dead letter does, with the same bytes, and nothing else does', async (t) => {
  const [letter] = history().letters
  t.same(anomalies({ letters: [], commits: [] }), ['missing-letter'])
  t.same(anomalies({ letters: [{ ...letter!, digest: 'other' }] }), ['altered-letter'])
  t.same(anomalies({ letters: [letter!, { ...letter!, offset: 0, digest: 'a:0' }] }), ['wrong-outcome'])
  t.same(anomalies({ letters: [letter!, { ...letter!, offset: 77 }] }), ['phantom'])
})

t.test('no handler succeeds with what must become a dead letter', async (t) => {
  t.same(anomalies({ effects: [...history().effects, effect('a:2', 3)] }), ['wrong-outcome'])
})

t.test('a handler gets what the log has at that place', async (t) => {
  t.same(anomalies({ effects: [...history().effects, effect('c:7', 3, { done: false })] }), ['phantom'])
})

t.test('two handlers of a key must not run at the same time, in whatever processes', async (t) => {
  const [first, second, third] = history().effects
  t.same(anomalies({ effects: [first!, { ...second!, by: 'app-2', start: 5, end: 110 }, third!] }), ['overlap'])
  t.same(anomalies({ effects: [first!, second!, { ...third!, by: 'app-2', start: 105, end: 120 }] }), [], 'another key')
})

t.test('a long handler overlaps with all that begins before its end', async (t) => {
  const effects = [
    effect('a:0', 0, { end: 250 }),
    effect('a:1', 1),
    effect('b:0', 2),
    effect('a:2', 3, { done: false, start: 240, end: 245 })
  ]
  t.same(check(history({ effects })).anomalies.get('overlap')?.length, 2)
})

t.test('attempts that run when a process is frozen past its session may overlap, later ones not', async (t) => {
  const expired = fault('app-expire', { start: 5, end: 500 })
  const again = effect('a:0', 0, { by: 'app-2', start: 300, end: 310 })
  const frozen = effect('a:0', 0, { start: 0, end: 505 })
  const rest = [effect('a:1', 1, { start: 320, end: 330 }), effect('b:0', 2)]
  t.same(anomalies({ effects: [frozen, again, ...rest], faults: [expired], commits: [] }), [])
  t.same(anomalies({ effects: [{ ...frozen, start: 6 }, again, ...rest], faults: [expired], commits: [] }), ['overlap'])
})

t.test('messages of a key are handled in the order of the log', async (t) => {
  const [first, second, third] = history().effects
  t.same(anomalies({ effects: [{ ...first!, start: 150, end: 160 }, second!, third!], commits: [] }), ['effect-order'])
})

t.test('a committed offset never goes back', async (t) => {
  const { commits } = history()
  t.same(anomalies({ commits: [...commits, { partition: 0, offset: 3, at: 500 }] }), ['rewind'])
  t.same(anomalies({ commits: [...commits, { partition: 1, offset: 0, at: 500 }] }), [], 'of another partition')
})

t.test('nothing is committed before all that lies before it is settled', async (t) => {
  t.same(anomalies({ commits: [{ partition: 0, offset: 2, at: 50 }] }), ['early-commit'], 'a:1 began at 100')
  t.same(
    anomalies({ commits: [{ partition: 0, offset: 4, at: 250 }] }), ['early-commit'], 'its dead letter was not there'
  )
})

t.test('what is done twice without a fault is a broken promise, and so it is after a clean one', async (t) => {
  const effects = [...history().effects, effect('b:0', 2, { by: 'app-2', start: 400, end: 410 })]
  t.same(anomalies({ effects }), ['repeat'])
  for (const kind of ['app-term', 'scale-out', 'scale-in', 'partitions-added', 'letters-refused'] as const) {
    t.same(anomalies({ effects, faults: [fault(kind)] }), ['repeat'], kind)
  }
  t.same(
    anomalies({ effects, faults: [fault('app-kill', { start: 10, recovered: 100 })] }), ['repeat'], 'that was over'
  )
  t.same(
    anomalies({ effects, faults: [fault('app-kill', { targets: ['app-3'] })] }), ['repeat'], 'that was another process'
  )
})

t.test('a process that is killed, and a broker that fails, have something done twice', async (t) => {
  const effects = [...history().effects, effect('b:0', 2, { by: 'app-2', start: 400, end: 410 })]
  for (const kind of ['app-kill', 'broker-kill'] as const) {
    const verdict = check(history({ effects, faults: [fault(kind), fault('scale-out')] }))
    t.same([...verdict.anomalies.keys()], [])
    t.same([...verdict.repeats], [[kind, 1]])
  }
})

t.test('a copy of a dead letter needs a cause, too', async (t) => {
  const [letter] = history().letters
  const letters = [letter!, { ...letter!, at: 500 }]
  t.same(anomalies({ letters }), ['repeat'])
  t.same(anomalies({ letters, faults: [fault('app-kill')] }), [])
})

t.test('a process that is killed repeats what ran and what it did since its last commit, no more', async (t) => {
  const many = Array.from({ length: 100 }, (_, i) => `c:${i}`)
  const twice = (end: number) => {
    const once = many.map((id, i) => effect(id, i, { start: end - 101 + i, end: end - 100.5 + i }))
    return {
      published: many.map((id, i) => published(id, i)),
      log: many.map((id, i) => record(id, i)),
      effects: [
        ...once,
        ...once.map((effect) => ({ ...effect, by: 'app-2', start: effect.start + 50_000, end: effect.end + 50_000 }))
      ],
      letters: [],
      commits: []
    }
  }
  const kill = fault('app-kill', { start: 10_000, end: 11_000, recovered: 90_000 })
  t.notOk(anomalies({ ...twice(10_000), faults: [kill] }).includes('many-repeats'))
  t.ok(anomalies({ ...twice(8000), faults: [kill] }).includes('many-repeats'), 'that should have been committed')
  t.notOk(
    anomalies({
      ...twice(8000), faults: [kill, fault('broker-kill', { targets: ['node-1'] })]
    }).includes('many-repeats'),
    'there was no coordinator'
  )
  const cut = (end: number) => fault('net-half-open', { step: 1, targets: ['node-1'], start: end - 100, end })
  const isFound = (faults: FaultRecord[], end: number) => {
    return anomalies({ ...twice(end), faults: [kill, ...faults] }).includes('many-repeats')
  }
  t.notOk(isFound([cut(4000)], 8000), 'its commit waited for an answer over a dead connection')
  t.ok(isFound([cut(0)], 8000), 'that was too long ago')
  t.ok(isFound([cut(4000)], 3800), 'a commit does not wait for so long')
})

t.test('reading goes on soon after a fault, and what stops does so at once', async (t) => {
  const effects = [...history().effects, effect('a:2', 3, { done: false, start: 40_000, end: 40_001 })]
  const kill = fault('app-kill', { start: 250, end: 300, recovered: 41_000 })
  t.same(anomalies({ effects, faults: [kill] }), ['slow-recovery'])
  t.same(anomalies({ effects, faults: [{ ...kill, kind: 'app-stop' }] }), [], 'it has no limit')
  t.equal([...check(history({ effects, faults: [kill] })).stalls.values()][0], 39_750)
  t.same(anomalies({ faults: [fault('app-stop', { recovered: undefined })] }), ['slow-recovery'], 'never')
  t.same(anomalies({ faults: [fault('app-term', { stopped: 900 })] }), [])
  t.same(anomalies({ faults: [fault('app-term', { stopped: 1500 })] }), ['slow-stop'])
  const swallow = fault('net-swallow', { step: 1, targets: ['node-1'], start: 100, end: 200 })
  const stop = (stopped: number, start: number) => {
    return anomalies({ faults: [swallow, fault('app-term', { start, end: start + 50, stopped })] })
  }
  t.same(stop(4900, 10_000), [], 'its last dead letter waited for an answer over a dead connection')
  t.same(stop(6100, 10_000), ['slow-stop'], 'not for so long')
  t.same(stop(1500, 10_300), ['slow-stop'], 'that was too long ago')
})

t.test('in the end every process is a member, and every partition is read', async (t) => {
  const { members } = history()
  t.same(anomalies({ members: { ...members, members: [] } }), ['no-member'])
  t.same(anomalies({ members: { ...members, members: ['app-1', 'app-2'] } }), ['no-member'], 'a ghost')
  t.same(anomalies({ members: { ...members, partitions: 2 } }), ['no-member'])
  t.same(anomalies({ died: ['app-1'] }), ['died'])
})

function plan (seed: number): Step[] {
  return planFaults(new Random(seed), { faults: 30, short: false, only: undefined })
}

t.test('the same seed makes the same plan and the same messages', async (t) => {
  const first = (seed: number): Load[] => {
    const loads = workload(new Random(seed))
    return Array.from({ length: 2000 }, () => loads.next().value)
  }
  t.same(plan(1), plan(1))
  t.notSame(plan(1), plan(2))
  t.same(first(1), first(1))
  t.equal(new Set(first(1).map(({ id }) => id)).size, 2000, 'each has its own id')
  const kinds = plan(3).flatMap(({ faults }) => faults.map(({ kind }) => kind))
  t.equal(kinds.length, 30)
  t.same(
    new Set(kinds),
    new Set(FAULT_KINDS.filter((kind) => !isForgetful(kind))),
    'all of them but those that hide the others'
  )
})

t.test('trouble in the network and a coordinator that moves repeat nothing', async (t) => {
  const again = effect('a:0', 0, { by: 'app-2', start: 400, end: 410 })
  for (const kind of ['net-swallow', 'net-cut', 'net-delay', 'net-half-open', 'coordinator-moved'] as const) {
    t.same(
      anomalies({ faults: [fault(kind, { targets: ['node-0'] })], effects: [...history().effects, again] }),
      ['repeat'],
      kind
    )
    t.same(anomalies({ faults: [fault(kind, { targets: ['node-0'] })] }), [], kind)
    const slow = [effect('a:0', 0), effect('a:1', 1), effect('b:0', 2, { start: 25_000, end: 25_010 })]
    t.same(
      anomalies({ faults: [fault(kind, { start: 150, recovered: 30_000 })], effects: slow, commits: [] }),
      ['slow-recovery'],
      kind
    )
  }
})

t.test('a group that an administrator deletes begins anew, once', async (t) => {
  const faults = [fault('group-deleted', { targets: [], start: 500, end: 510, recovered: 30_000 })]
  const again = history().effects.map(({ id, offset }) => effect(id, offset, {
    start: 20_000 + offset * 100, end: 20_010 + offset * 100
  }))
  const effects = [...history().effects, ...again]
  const commits = [
    ...history().commits, { partition: 0, offset: 1, at: 20_500 }, { partition: 0, offset: 4, at: 21_000 }
  ]
  t.same(anomalies({ faults, effects, commits }), [])
  t.same([...check(history({ faults, effects })).repeats], [['group-deleted', 3]])
  t.same(anomalies({ faults, effects, commits: [...commits, { partition: 0, offset: 1, at: 22_000 }] }), ['rewind'])
  t.same(anomalies({ effects, commits }), ['rewind', 'repeat'], 'and no other does')
})

t.test('a member that was removed goes on until it hears of it, and not for longer', async (t) => {
  const faults = [fault('group-deleted', { targets: [], start: 100, end: 110, recovered: 30_000 })]
  const overlap = (start: number) => [
    effect('a:0', 0),
    effect('a:1', 1, { start, end: start + 20 }),
    effect('b:0', 2),
    effect('a:0', 0, { by: 'app-2', start: start + 5, end: start + 10 })
  ]
  t.same(anomalies({ faults, effects: overlap(300), commits: [] }), [])
  t.same(anomalies({ faults, effects: overlap(9000), commits: [] }), ['overlap'])
})

t.test('of a topic that was created anew, what was sent before is left out, unless it is in the new one', async (t) => {
  const faults = [fault('topic-recreated', { targets: [], start: 1000, end: 1100, recovered: 5000 })]
  const later = {
    published: published('c:0', 0, { at: 1200 }),
    record: record('c:0', 0),
    effect: effect('c:0', 0, { start: 1300, end: 1310 })
  }
  const recreated = (changes: Partial<History> = {}) => anomalies({
    faults,
    published: [...history().published, later.published],
    log: [later.record],
    effects: [...history().effects, later.effect],
    commits: [...history().commits, { partition: 0, offset: 1, at: 1400 }],
    ...changes
  })
  t.same(recreated(), [])
  t.same(recreated({ effects: history().effects }), ['unseen', 'early-commit'])
  t.same(recreated({ log: [] }), ['lost-write', 'phantom'])
  t.same(
    recreated({ commits: [{ partition: 0, offset: 4, at: 1400 }], effects: history().effects }),
    ['unseen', 'early-commit']
  )
})
