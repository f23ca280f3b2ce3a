/**
 * Background tasks of one name, which a test starts and stops. With several apps: those of all of them.
 *
 * @example
 * const clock = broker.background('clock')
 * clock.start()
 * await broker.eventually(() => broker.assertPublished('ticks'))
 * await clock.stop()
 */
export interface TestTask {
  /**
   * Runs the task, also again. In `track()` the session has what the task publishes.
   *
   * @throws FASTSTREAM_ERR_TEST_BROKER for a task that runs, and when its app is closed
   * @example
   * broker.background('clock').start()
   */
  start (this: void): void
  /**
   * Aborts the signal of the task, as the close of its app does, and waits until it has ended. Without a task that
   * runs, nothing changes.
   *
   * @throws what the task has thrown, but for the abort
   * @example
   * await broker.background('clock').stop()
   */
  stop (this: void): Promise<void>
}

/**
 * Part of a test broker for background tasks.
 *
 * @example
 * await broker.background('clock').stop()
 */
export interface TestBackground {
  /**
   * Returns a background task of the apps. FastKafka: `run_in_background`.
   *
   * @param name as in `app.broker.background(name, run)`
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a name that no task has
   * @example
   * broker.background('clock').start()
   */
  background (this: void, name: string): TestTask
}
