import type { FastifyInstance } from 'fastify'
import type { DeadLetterPage, DeadLetterRoutes, FaststreamOptions, RedriveReport } from '../index.js'

declare const app: FastifyInstance

export async function mend (): Promise<[DeadLetterPage, RedriveReport, number]> {
  const { list, show, redrive, discard } = app.broker.deadLetters
  const page = await list({ topic: 'orders', key: Buffer.from('k'), since: new Date(), limit: 10, after: undefined })
  const [letter] = page.letters
  if (letter !== undefined) {
    const { verdict, rawValue } = await show(letter)
    const violation: string | undefined = verdict.violation
    const bytes: Buffer | null = rawValue
    console.log(violation, bytes)
  }
  const { discarded } = await discard({ letters: page.letters, reason: 'a test' })
  // @ts-expect-error letters are not discarded without a reason
  await discard({ topic: 'orders' })
  // @ts-expect-error offsets are bigint
  await show({ topic: 'orders.dlq', partition: 0, offset: 1 })
  // @ts-expect-error a state is open, done or all
  await list({ state: 'new' })
  const report = await redrive({ dryRun: true, rate: 5, onProgress: ({ redriven }) => { redriven.toFixed() } })
  return [page, report, discarded]
}

const deadLetters: DeadLetterRoutes = {
  authorize: (request, action) => request.method === 'GET' || action === 'redrive'
}
export const options: FaststreamOptions = { deadLetters }
