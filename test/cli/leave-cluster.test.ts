import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import t from 'tap'
import { leaveCluster } from '../../lib/cli/leave-cluster.js'
import { turn } from '../support/manual-clock.js'

/** A worker whose supervisor answers when the test says so. */
class FakeWorker extends EventEmitter {
  readonly calls: string[] = []
  readonly #connected: boolean

  constructor (connected: boolean) {
    super()
    this.#connected = connected
  }

  isConnected (): boolean { return this.#connected }
  disconnect (): void { this.calls.push('disconnect') }
}

const leave = async (worker: FakeWorker): Promise<void> => { await leaveCluster(worker as unknown as Worker) }

t.test('a worker waits until its supervisor has taken note that it leaves', async (t) => {
  const worker = new FakeWorker(true)
  let hasLeft = false
  const leaving = leave(worker).then(() => { hasLeft = true })
  t.same(worker.calls, ['disconnect'])
  await turn()
  t.equal(hasLeft, false)
  worker.emit('disconnect')
  await leaving
  t.equal(hasLeft, true)
})

t.test('a worker whose supervisor is gone, and a process without one, leave at once', async (t) => {
  const worker = new FakeWorker(false)
  await leave(worker)
  await leaveCluster(undefined)
  t.same(worker.calls, [])
})
