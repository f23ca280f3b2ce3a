/**
 * Time of a test broker.
 *
 * @example
 * const broker = await testBroker(app, { clock: 'manual' })
 * await broker.clock.advance('10 s')
 */
export interface TestClock {
  /** Time of day by this clock. */
  readonly now: Date
  /**
   * Moves time on, and runs in their order the retries, time-outs and scheduled messages that fall due. Resolves when
   * what they have begun is done, but for code of the app that waits for something else.
   *
   * @param by ms, or text such as `'500 ms'`, `'10 s'`, `'2 min'`
   * @throws FASTSTREAM_ERR_INVALID_OPTION for anything else
   * @throws FASTSTREAM_ERR_TEST_BROKER when the clock is that of the system
   * @example
   * await broker.clock.advance('10 s')
   */
  advance (this: void, by: number | string): Promise<void>
}
