import type { BackgroundTask } from '../broker/background-task.js'
import { FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_TEST_BROKER } from '../errors.js'
import { noSurplus } from '../options/assert.js'
import type { TestTask } from './background-types.js'
import type { Tested } from './targets.js'

interface Found {
  readonly task: BackgroundTask
  readonly broker: Tested['brokers'][0]
}

/**
 * The background tasks of a name, on all brokers of a test.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function backgroundOf ({ brokers }: Tested, name: string): TestTask {
  const found: Found[] = brokers.flatMap((broker) => {
    const task = broker.lifecycle.background.find(name)
    return task === undefined ? [] : { task, broker }
  })
  if (found.length === 0) {
    const names = brokers.flatMap(({ lifecycle }) => lifecycle.background.names).join(', ')
    throw new FASTSTREAM_ERR_INVALID_OPTION('name', `must be that of a background task of the apps: ${names || 'none'}`)
  }
  return {
    start: (...surplus: unknown[]) => {
      noSurplus('start()', surplus)
      for (const each of found) start(each)
    },
    stop: async (...surplus: unknown[]) => {
      noSurplus('stop()', surplus)
      await Promise.all(found.map(({ task }) => task.end('the test stops the task')))
      const failed = found.find(({ task }) => task.error !== undefined)
      if (failed !== undefined) throw failed.task.error
    }
  }
}

/** Runs in the async context of the test, so that a session follows what the task publishes. */
function start ({ task, broker }: Found): void {
  if (task.isRunning) throw new FASTSTREAM_ERR_TEST_BROKER(`the background task '${task.name}' runs already`)
  if (!broker.isConnected) {
    throw new FASTSTREAM_ERR_TEST_BROKER(`the background task '${task.name}' cannot start: its app is closed`)
  }
  task.start(broker.clock)
}
