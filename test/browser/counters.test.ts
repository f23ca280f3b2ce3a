import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { PHONE, listen, overflow, shoot, violations, visit } from './fixture.js'
import { shop } from './shop.js'

type Options = NonNullable<Parameters<typeof visit>[2]>

/** The shop after some messages: one of them fails, and one is in flight. */
async function open (t: Test, isAllowed = (): boolean => true, options: Options & { hasClock?: boolean } = {}) {
  const health = { details: '/health', authorize: () => isAllowed() }
  const app = await shop({}, {}, undefined, { health })
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => { end = resolve })
  t.teardown(() => { end() })
  app.broker.subscriber('mail.opened', { title: 'Count the openings', retry: { retries: 0 } }, async (value) => {
    if (value === 'bad') throw new Error('unknown address')
    if (value === 'slow') await ended
  })
  const { url, broker } = await listen(t, app)
  for (const value of ['a', 'b', 'bad']) await broker.publish('mail.opened', value)
  await broker.settled()
  await app.broker.publish('mail.opened', 'slow')
  const { hasClock = false, ...context } = options
  const { page, problems } = await visit(t, 'about:blank', context)
  // The time of the page then moves only where a test moves it.
  if (hasClock) await page.clock.install()
  const asked: string[] = []
  page.on('request', (request) => { if (request.url().endsWith('/counters')) asked.push(request.url()) })
  await page.goto(`${url}/asyncapi`)
  await page.locator('.operation').first().waitFor()
  const counters = page.locator('.receive', { hasText: 'Count the openings' }).locator('.counters')
  return { broker, page, problems, asked, counters, end }
}

/** Heights and places of the operations. */
async function places (page: Page): Promise<unknown> {
  return await page.locator('.operation > summary').evaluateAll((all) => {
    return all.map((summary) => JSON.stringify(summary.getBoundingClientRect()))
  })
}

t.test('an operation that receives shows what its subscriber does, and keeps it fresh', async (t) => {
  const { broker, page, problems, counters, end } = await open(t)
  await counters.getByText('2 handled').waitFor()
  t.equal((await counters.innerText()).replaceAll(/\s+/g, ' ').trim(), '2 handled 1 failed 1 lag 1 in flight')
  t.equal(await page.locator('.send .counters').count(), 0)
  t.same(await violations(page), [])
  await shoot(page, 'counters')
  const before = await places(page)
  end()
  await broker.settled()
  await counters.getByText('3 handled').waitFor()
  t.match((await counters.innerText()).replaceAll(/\s+/g, ' '), /3 handled 1 failed 0 lag 0 in flight/)
  t.same(await places(page), before, 'nothing has moved')
  t.same(problems, [])
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [name, viewport] of Object.entries({ desktop: { width: 1280, height: 900 }, phone: PHONE })) {
    t.test(`the figures have room: ${name}, ${colorScheme}`, async (t) => {
      const { page, counters, problems } = await open(t, undefined, { viewport, colorScheme })
      const before = await places(page)
      await counters.getByText('2 handled').waitFor()
      t.same(await places(page), before, 'their place was there before they came')
      t.same(await overflow(page), [])
      t.same(await violations(page), [])
      await page.locator('.toolbar').scrollIntoViewIfNeeded()
      await shoot(page, `counters-${name}-${colorScheme}`)
      t.same(problems, [])
    })
  }
}

t.test('a reader whom authorize refuses sees no figures, and the page asks for none', async (t) => {
  const { page, asked, problems } = await open(t, () => false)
  await page.waitForLoadState('networkidle')
  t.equal(await page.locator('.counters').count(), 0)
  t.same(asked, [])
  t.same(problems, [])
})

t.test('without the option health the page asks for no figures', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, 'about:blank')
  page.on('request', (request) => { if (request.url().endsWith('/counters')) problems.push(request.url()) })
  await page.goto(`${url}/asyncapi`)
  await page.locator('.operation').first().waitFor()
  await page.waitForLoadState('networkidle')
  t.equal(await page.locator('.counters').count(), 0)
  t.same(problems, [])
})

t.test('a right that is taken away ends the questions', async (t) => {
  let isAllowed = true
  const { page, counters, asked } = await open(t, () => isAllowed)
  await counters.getByText('2 handled').waitFor()
  await page.clock.install()
  isAllowed = false
  await page.evaluate(() => { document.dispatchEvent(new Event('visibilitychange')) })
  await counters.getByText('– handled').waitFor()
  const count = asked.length
  await page.clock.runFor(60_000)
  await page.evaluate(() => { document.dispatchEvent(new Event('visibilitychange')) })
  t.equal(asked.length, count)
})

t.test('a page that is hidden asks for nothing, and one that is seen again asks at once', async (t) => {
  const { page, counters, asked } = await open(t, undefined, { hasClock: true })
  await counters.getByText('2 handled').waitFor()
  const show = async (hidden: boolean): Promise<void> => {
    await page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, hidden)
  }
  await show(true)
  const count = asked.length
  await page.clock.runFor(60_000)
  t.equal(asked.length, count)
  const again = page.waitForRequest((request) => request.url().endsWith('/counters'))
  await show(false)
  await again
  t.equal(asked.length, count + 1)
})

t.test('figures are dimmed while the server does not answer', async (t) => {
  const { page, counters } = await open(t)
  await counters.getByText('2 handled').waitFor()
  await page.route('**/counters', (route) => route.abort())
  await page.locator('.counters.old').first().waitFor()
  t.match((await counters.innerText()).replaceAll(/\s+/g, ' '), /2 handled/)
})
