import Fastify, { type FastifyInstance } from 'fastify'
import type { Locator, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import faststreamPlugin, { type DeadLetterRoutes } from '../../index.js'
import { listen, overflow, PHONE, shoot, violations, visit } from './fixture.js'

const schema = { type: 'object', required: ['id'], properties: { id: { type: 'string' }, total: { type: 'number' } } }

/** A shop whose subscriber fails while `fault.isThere`. */
async function shop (deadLetters?: DeadLetterRoutes): Promise<{ app: FastifyInstance, fault: { isThere: boolean } }> {
  const app = Fastify()
  const fault = { isThere: true }
  await app.register(faststreamPlugin, {
    groupId: 'shop',
    topicConfig: { partitions: 2 },
    retry: { retries: 0 },
    breaker: false,
    asyncapi: { info: { title: 'Shop', version: '1.4.0' } },
    deadLetters
  })
  app.broker.subscriber('orders', { schema: { value: schema } }, async function takeOrder () {
    if (!fault.isThere) return
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' })
    throw Object.assign(new Error('the order could not be saved', { cause }), { code: 'E_STORE' })
  })
  return { app, fault }
}

/** The letters of a shop: one of bytes, one that is invalid, and the others failed. */
async function open (t: Test, { failed = 3, options = {}, deadLetters = {} as DeadLetterRoutes } = {}) {
  const { app, fault } = await shop(deadLetters)
  const { url, broker } = await listen(t, app)
  const headers = { 'content-type': 'image/png' }
  await broker.publish('orders', Buffer.from([0, 1, 2, 255]), { key: 'bytes', headers })
  await broker.publish('orders', { total: 'nine' }, { key: 'invalid', headers: { tenant: 'a' } })
  for (let id = 0; id < failed; id++) {
    await broker.publish('orders', { id: `o-${id}`, total: id }, { key: `k-${id}`, headers: { tenant: 'a' } })
  }
  await broker.settled()
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/sendOrdersDlq`, options)
  const letters = page.locator('#operation-sendOrdersDlq .letters')
  await letters.waitFor()
  return { broker, page, problems, letters, fault }
}

async function list (letters: Locator): Promise<void> {
  await letters.getByRole('button', { name: 'List the letters' }).click()
  await letters.locator('> .result:not(:empty)', { hasNotText: 'are read' }).waitFor()
}

/** Both themes, with axe and without anything wider than the window. */
async function look (t: Test, page: Page, name: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    t.same(await violations(page), [], `${name}, ${colorScheme}`)
    await shoot(page, `${name}-${colorScheme}`, true)
  }
  t.same(await overflow(page), [], name)
}

t.test('letters are listed by filters, and one shows all that is known of it', async (t) => {
  const { page, problems, letters } = await open(t)
  await list(letters)
  t.equal(await letters.locator('.letter').count(), 5)
  await letters.locator('.filters > summary').click()
  await letters.getByLabel('Code of the error').fill('E_STORE')
  t.equal(await letters.locator('.letter').count(), 0, 'they belong to other filters')
  await letters.getByLabel('Written from').fill('2020-01-01T00:00:00')
  await letters.getByLabel('Key').fill('k-1')
  await list(letters)
  t.same(await letters.locator('.letter .key').allInnerTexts(), ['key k-1'])
  await look(t, page, 'letters-filters')
  await letters.getByRole('button', { name: 'Clear the filters' }).click()
  await letters.getByLabel('Failed at').selectOption('validate')
  await list(letters)
  t.same(await letters.locator('.letter .key').allInnerTexts(), ['key bytes', 'key invalid'])
  await letters.locator('.letter', { hasText: 'invalid' }).click()
  t.match(await letters.locator('.verdict.invalid').innerText(), /would fail again: .*'id'/)
  t.match(await letters.locator('.body').innerText(), /Where it did not match(.|\n)*missingProperty(.|\n)*tenant\s+a/)
  await letters.locator('.letter', { hasText: 'bytes' }).first().click()
  await letters.getByText('00 01 02 ff').waitFor()
  await letters.locator('.filters > summary').click()
  await look(t, page, 'letters-opened')
  t.same(problems, [])
})

t.test('on a phone a letter that failed tells its error, and matches the schema now', async (t) => {
  const { page, problems, letters } = await open(t, { options: { viewport: PHONE } })
  await list(letters)
  await letters.locator('.letter', { hasText: 'k-1' }).click()
  await letters.locator('.verdict.valid').waitFor()
  t.match(
    await letters.locator('.causes').innerText(), /could not be saved E_STORE(.|\n)*caused by Error .*ECONNREFUSED/
  )
  t.match(await letters.locator('.facts').innerText(), /takeOrder(.|\n)*retries-exhausted/)
  await look(t, page, 'letters-phone')
  t.same(problems, [])
})

t.test('a dry run comes first, and its letters are redriven with the keyboard alone', async (t) => {
  const { broker, page, problems, letters, fault } = await open(t, { failed: 150 })
  await letters.getByRole('button', { name: 'List the letters' }).focus()
  await page.keyboard.press('Enter')
  await letters.getByText('The first 50').waitFor()
  await letters.getByRole('button', { name: 'List more' }).click()
  await letters.getByText('The first 100').waitFor()
  await letters.getByRole('button', { name: 'Dry run: redrive all' }).focus()
  await page.keyboard.press('Enter')
  await letters.getByText('152 letters would be redriven.').waitFor()
  await letters.getByText('2 would fail again').waitFor()
  t.equal(broker.published('orders').length, 152, 'nothing is redriven')
  await look(t, page, 'letters-dry-run')
  fault.isThere = false
  await letters.getByRole('button', { name: 'Redrive the 150 that would not fail' }).focus()
  await page.keyboard.press('Enter')
  await letters.getByText('150 letters redriven.').waitFor()
  t.equal(broker.published('orders').length, 302)
  t.equal(await letters.getByRole('button', { name: 'Dry run: redrive all' }).evaluate(
    (element) => element === document.activeElement
  ), true, 'the focus has a place')
  await letters.getByText('2 letters', { exact: true }).waitFor()
  await letters.getByRole('button', { name: 'Dry run: redrive all' }).click()
  await letters.getByText('2 letters would be redriven.').waitFor()
  await look(t, page, 'letters-redriven')
  t.same(problems, [])
})

t.test('a redrive has a rate, tells its progress and stops', async (t) => {
  const { broker, letters, fault } = await open(t, { failed: 10 })
  await list(letters)
  fault.isThere = false
  await letters.getByRole('button', { name: 'Dry run: redrive all' }).click()
  await letters.getByLabel('Messages per second, at most').fill('1')
  await letters.getByRole('button', { name: 'Redrive 12 letters' }).click()
  await letters.getByText(/^[1-9]\d? of 12 letters redriven/).waitFor()
  t.ok(await letters.getByRole('progressbar').getAttribute('value') !== '0')
  await letters.getByRole('button', { name: 'Stop' }).click()
  await letters.getByText('Stopped after').waitFor()
  const published = broker.published('orders').length - 12
  t.ok(published > 0 && published < 12, String(published))
})

t.test('one letter is discarded with a reason, and is listed as done', async (t) => {
  const { page, problems, letters } = await open(t, { failed: 1 })
  await list(letters)
  const letter = letters.locator('.letter', { hasText: 'invalid' })
  await letter.locator('> summary').click()
  await letter.getByText('Discard this letter').click()
  const button = letter.getByRole('button', { name: 'Discard 1 letter' })
  await button.click()
  t.equal(await letter.getByLabel('Reason').evaluate((input) => (input as HTMLInputElement).validity.valid), false)
  await letter.getByLabel('Reason').fill('a test of the sender')
  await button.click()
  await letter.getByText('1 letter discarded.').waitFor()
  await look(t, page, 'letters-discard')
  await list(letters)
  t.equal(await letters.locator('.letter').count(), 2)
  await letters.locator('.filters > summary').click()
  await letters.getByLabel('State').selectOption('done')
  await list(letters)
  t.match(await letters.locator('.letter').innerText(), /key invalid(.|\n)*done/)
  t.same(problems, [])
})

t.test('whom authorize does not let through reads why', async (t) => {
  let status = 401
  const authorize = (): boolean => {
    if (status === 401) throw Object.assign(new Error('sign in first'), { statusCode: 401 })
    return false
  }
  const { page, problems, letters } = await open(t, { failed: 1, deadLetters: { authorize } })
  await list(letters)
  await letters.getByText('You are not signed in (401): sign in first').waitFor()
  status = 403
  await list(letters)
  await letters.getByText(/Not allowed \(403\): .*'authorize' did not allow it/).waitFor()
  await look(t, page, 'letters-forbidden')
  t.same(problems.filter((problem) => !/40[13] \(/.test(problem)), [])
})

t.test('without the routes there are no letters, and their topics are folded', async (t) => {
  const { app } = await shop(undefined)
  const { url } = await listen(t, app)
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/sendOrdersDlq`)
  await page.locator('#operation-sendOrdersDlq .facts').waitFor()
  t.equal(await page.locator('.letters').count(), 0)
  t.equal(await page.locator('main .folded').count(), 1)
  t.same(problems, [])
})

t.test('two brokers at the root of the app have routes of their own', async (t) => {
  const app = Fastify()
  for (const name of ['default', 'billing']) {
    await app.register(faststreamPlugin, {
      ...name === 'billing' && { name },
      groupId: name,
      retry: { retries: 0 },
      ...name === 'default' && { asyncapi: { routePrefix: '' } },
      deadLetters: { prefix: `/letters/${name}` }
    })
  }
  const brokers: Record<string, typeof app.broker> = { default: app.broker, ...app.brokers }
  for (const [name, broker] of Object.entries(brokers)) {
    broker.subscriber(`${name}.orders`, async function take () { throw new Error(`no luck in ${name}`) })
  }
  const { url, broker } = await listen(t, app)
  await broker.publish('default.orders', { id: '1' })
  await broker.settled()
  const { page, problems } = await visit(t, `${url}/`)
  const found = async (topic: string): Promise<string> => {
    const letters = page.locator('.operation', { hasText: `Dead letters of ${topic}` }).locator('.letters')
    await list(letters)
    return await letters.locator('> .result').innerText()
  }
  t.equal(await found('default.orders'), '1 letter')
  t.equal(await found('billing.orders'), 'There are none.')
  t.same(problems, [])
})
