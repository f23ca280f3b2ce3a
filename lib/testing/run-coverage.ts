import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { noSurplus, text } from '../options/assert.js'
import { assertCoverage, summed } from './coverage.js'
import type { MessageCoverage, SubscriberCoverage } from './coverage-types.js'

/**
 * Requires a share of what the messages of a whole run must exercise: of all test brokers in all processes that had
 * the name of the directory in FASTSTREAM_TEST_COVERAGE. Returns what they have exercised. For a step of CI after the
 * tests; remove the directory before the run.
 *
 * @param directory that of FASTSTREAM_TEST_COVERAGE
 * @param least percent, 0 to 100; 0 requires nothing
 * @throws FASTSTREAM_ERR_ASSERTION with what no message has exercised
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 * @example
 * const { percent, missed } = assertRunCoverage('.message-coverage', 80)
 */
export function assertRunCoverage (directory: string, least: number): MessageCoverage {
  noSurplus('assertRunCoverage(directory, least)', arguments, 2)
  text('directory', directory)
  const coverage = merged(readdirSync(directory)
    .flatMap((file) => readFileSync(join(directory, file), 'utf8').trimEnd().split('\n'))
    .map((line): MessageCoverage => JSON.parse(line)))
  assertCoverage(coverage, least)
  return coverage
}

/** Keeps the coverage of a test broker for that of its run, where the environment asks for it. */
export function keepForRun (coverage: () => MessageCoverage): void {
  const { FASTSTREAM_TEST_COVERAGE: directory } = process.env
  if (!directory) return
  mkdirSync(directory, { recursive: true })
  appendFileSync(join(directory, `${process.pid}.jsonl`), `${JSON.stringify(coverage())}\n`)
}

/** Test brokers of the same app have the same subscribers, by name and topics. */
function merged (coverages: readonly MessageCoverage[]): MessageCoverage {
  const subscribers = new Map<string, SubscriberCoverage>()
  const publishers = new Map<string, number>()
  for (const coverage of coverages) {
    for (const { name, topics, branches } of coverage.subscribers) {
      const key = [name, ...topics].join()
      const sums = new Map(Object.entries(subscribers.get(key)?.branches ?? {}))
      for (const [branch, count] of Object.entries(branches)) sums.set(branch, (sums.get(branch) ?? 0) + count)
      subscribers.set(key, { name, topics, branches: Object.fromEntries(sums) })
    }
    const counts = new Map(coverage.publishers.map(({ topic, published }) => [topic, published]))
    for (const [topic, published] of counts) publishers.set(topic, (publishers.get(topic) ?? 0) + published)
  }
  return summed({
    subscribers: [...subscribers.values()],
    publishers: Array.from(publishers, ([topic, published]) => ({ topic, published }))
  })
}
