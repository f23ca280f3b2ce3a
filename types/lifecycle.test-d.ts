import type { FastifyInstance } from 'fastify'
import type { BackgroundHealth } from '../index.js'

/* Checked by `tsc`, never run: functions and tasks of a broker's life. */

export async function lifecycle (app: FastifyInstance): Promise<boolean> {
  const { onStarted, onStopping, background, topics, ping } = app.broker
  onStarted(async function () { this.log.info('started') })
  onStopping(() => {})
  // @ts-expect-error: a function is needed
  onStarted('started')
  // @ts-expect-error: it gets nothing
  onStopping((reason: string) => { app.log.info(reason) })
  background('task', async function (signal) {
    signal.throwIfAborted()
    this.log.info('begins')
  })
  // @ts-expect-error: a task has a name
  background(async () => {})
  const names: readonly string[] = topics()
  // @ts-expect-error: the list is not to be changed
  topics().push('orders')
  // @ts-expect-error: ms in an object
  await ping(500)
  // @ts-expect-error: it is read, the broker sets it
  app.broker.isStarted = true
  const states: ReadonlyArray<BackgroundHealth['state']> = app.broker.health().background.map(({ state }) => state)
  const answers: boolean = await ping({ timeout: 500 })
  return answers && app.broker.isStarted && names.length > states.length
}
