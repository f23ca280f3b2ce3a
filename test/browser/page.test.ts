import t from 'tap'
import type { Locator, Page } from 'playwright-core'
import { torture } from '../support/torture.js'
import { DESKTOP, listen, overflow, PHONE, shoot, violations, visit } from './fixture.js'
import { shop } from './shop.js'

async function openAll (page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open all' }).click()
  await page.locator('.operation[open] .facts').last().waitFor()
}

t.test('the page shows who the app is, and what it receives and sends', async (t) => {
  const { url } = await listen(t, await shop())
  for (const [name, options] of Object.entries({
    light: {},
    dark: { colorScheme: 'dark' as const },
    phone: { viewport: PHONE },
    'phone-dark': { viewport: PHONE, colorScheme: 'dark' as const }
  })) {
    const { page, problems } = await visit(t, `${url}/asyncapi`, options)
    t.equal(await page.title(), 'Shop')
    t.match(await page.locator('h1').innerText(), /Shop\s*1\.4\.0/)
    t.same(await page.locator('main h2').allInnerTexts(), [
      'Flow', 'orders 2', 'stock 2', 'audit 1', 'billing 1', 'Without a tag 1', 'Dead letters 3', 'Schemas'
    ])
    t.match(
      await page.locator('.intro').innerText(),
      /prices them and issues invoices\.(.|\n)*Runbook(.|\n)*kafka\.example\.com:9092/
    )
    t.equal(await page.locator('.sidebar').isVisible(), options === undefined || !('viewport' in options))
    t.same(await overflow(page), [])
    await shoot(page, `shop-${name}`)
    await openAll(page)
    t.same(await violations(page), [])
    t.same(await overflow(page), [])
    await shoot(page, `shop-${name}-open`, true)
    t.same(problems, [])
  }
})

t.test('an operation shows its topic, its group and its tags, what Kafka has to know, and its messages', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/priceOrder`)
  const operation = page.locator('#operation-priceOrder')
  t.match(await operation.locator('> summary').innerText(), /receives\s+Price the order\s+orders\.placed\s+shop/)
  const facts = await operation.locator('.facts tr').allInnerTexts()
  t.same(facts.map((row) => row.replaceAll(/\s+/g, ' ').trim()), [
    'Topic orders.placed', 'Group shop', 'Partitions 12', 'Replicas 3', 'Ack policy REJECT_ON_ERROR a message that fails is rejected', 'Ordering key', 'Retries 5',
    'Dead-letter topic orders.placed.dlq', 'Client shop', 'Cluster Production', 'Results to invoices.issued stock.wanted', 'Same topic sends: An order was placed receives: Write the audit log',
    'Operation priceOrder'
  ])
  t.same(await operation.locator('.part > h5').allInnerTexts(), ['Key', 'Headers', 'Value'])
  t.same(await operation.locator('.tag').allInnerTexts(), ['orders', 'pricing'])
  t.equal(await operation.locator('.tag').first().getAttribute('title'), 'From the basket to the invoice')
  t.same(
    JSON.parse(await operation.locator('.example[open] pre').last().innerText()).customer,
    { name: 'Ada Lovelace', email: 'ada@example.com' }
  )
  await operation.locator('.facts').getByRole('link', { name: 'orders.placed.dlq' }).click()
  await page.locator('.dead-letter[open] .facts').waitFor()
  t.equal(new URL(page.url()).hash, '#/operations/sendOrdersPlacedDlq')
  await page.goBack()
  t.equal(new URL(page.url()).hash, '#/operations/priceOrder')
  t.match(await page.locator('#operation-sendStockWanted > summary').innerText(), /deprecated/)
  await shoot(page, 'operation')
  t.same(problems, [])
})

t.test('a schema is a tree, and a recursive schema is not opened for ever', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi#/schemas/Category`)
  const schema = page.locator('.operation[open]', { has: page.getByRole('heading', { name: 'Category' }) })
  t.equal(await schema.locator('.node[open]').count(), 0)
  for (let depth = 0; depth < 3; depth++) {
    await schema.locator('.node:not([open]) > summary').click({ position: { x: 4, y: 8 } })
  }
  t.equal(await schema.locator('.node[open]').count(), 3)
  await page.goto(`${url}/asyncapi#/operations/priceOrder`)
  const rows = (
    await page.locator('#operation-priceOrder .part', { hasText: 'placedAt' }).locator('.row').allInnerTexts()
  ).map((row) => row.replaceAll(/\s+/g, ' ').trim())
  for (const row of [
    'id required string uuid',
    'name required string 1 to 80 characters',
    'lines required array of Line ≥ 1 items',
    'quantity required integer 1 to 99 default 1',
    'or, kind invoice object',
    'note string | null ≤ 500 characters'
  ]) {
    t.ok(rows.includes(row), row)
  }
  t.same(problems, [])
})

t.test('a search narrows the operations to those which have all of its words', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi`)
  const shown = async (): Promise<string[]> => await page.locator('.operation:not([hidden]) h3').allInnerTexts()
  const box = page.getByRole('searchbox')
  await page.keyboard.press('/')
  t.equal(await box.evaluate((element) => element === document.activeElement), true)
  await page.keyboard.type('orders.placed audit')
  t.same(await shown(), ['Write the audit log'])
  t.same(await page.locator('main h2:visible').allInnerTexts(), ['audit 1'])
  t.same(await page.locator('.sidebar a:visible').count(), 1)
  t.equal(await page.locator('.status').innerText(), '1 of 10 operations')
  await shoot(page, 'search')
  await page.keyboard.press('Enter')
  await page.locator('#operation-audit[open] .facts').waitFor()
  await box.fill('<nothing> like this')
  t.same(await shown(), [])
  t.equal(await page.locator('.status').innerText(), '0 of 10 operations')
  await page.keyboard.press('Escape')
  t.equal((await shown()).length, 16)
  await page.locator('#operation-audit .tag').click()
  t.equal(await box.inputValue(), 'audit')
  // A link leads to what the search has hidden, too.
  await page.goto(`${url}/asyncapi#/operations/followStock`)
  await page.locator('#operation-followStock[open] .facts').waitFor()
  t.equal(await box.inputValue(), '')
  t.same(problems, [])
})

t.test('the theme is the system’s until another one is chosen, and stays', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi`)
  const ground = async (): Promise<string> => await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  t.equal(await ground(), 'rgb(255, 255, 255)')
  await page.getByRole('button', { name: 'Use the dark theme' }).click()
  t.equal(await ground(), 'rgb(16, 20, 27)')
  await page.reload()
  t.equal(await ground(), 'rgb(16, 20, 27)')
  await page.getByRole('button', { name: 'Use the light theme' }).click()
  t.equal(await ground(), 'rgb(255, 255, 255)')
  await page.emulateMedia({ colorScheme: 'dark' })
  t.equal(await ground(), 'rgb(16, 20, 27)', 'it follows the system again')
  t.same(problems, [])
})

t.test('an operation is reached, opened and copied from with the keyboard alone', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi`, { permissions: ['clipboard-write'] })
  const focused = async (): Promise<string> => await page.evaluate(() => document.activeElement?.textContent ?? '')
  await page.keyboard.press('Tab')
  t.equal(await focused(), 'Skip to the operations')
  await shoot(page, 'skip')
  await page.keyboard.press('Enter')
  const tabTo = async (target: Locator): Promise<void> => {
    for (let presses = 0; presses < 30 && !await target.evaluate(
      (element) => element === document.activeElement
    ); presses++) {
      await page.keyboard.press('Tab')
    }
  }
  await tabTo(page.locator('#operation-priceOrder > summary'))
  await page.keyboard.press('Enter')
  await page.locator('#operation-priceOrder[open] .facts').waitFor()
  await shoot(page, 'focus')
  await tabTo(page.locator('#operation-priceOrder').getByRole('button', { name: 'Copy the topic' }))
  await page.keyboard.press('Space')
  await page.locator('#operation-priceOrder').getByRole('button', { name: 'Copied' }).waitFor()
  t.same(problems, [])
})

t.test('what one wants to have can be copied', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/priceOrder`, {
    permissions: ['clipboard-read', 'clipboard-write']
  })
  const clipboard = async (): Promise<string> => await page.evaluate(async () => await navigator.clipboard.readText())
  const operation = page.locator('#operation-priceOrder')
  await operation.getByRole('button', { name: 'Copy the topic' }).click()
  t.equal(await clipboard(), 'orders.placed')
  await operation.getByRole('button', { name: 'Copy a link to this operation' }).click()
  t.equal(await clipboard(), `${url}/asyncapi#/operations/priceOrder`)
  await operation.getByRole('button', { name: 'Copy the example' }).first().click()
  t.match(JSON.parse(await clipboard()), { customer: { name: 'Ada Lovelace' } })
  t.same(problems, [])
})

t.test('a reply and the parameters of a topic are shown where the document has them', async (t) => {
  const { url } = await listen(t, await shop({
    transform (document) {
      const { sendOrdersPlaced } = document.operations
      Object.assign(document.channels['orders.placed'] as object, {
        address: 'orders.{region}.placed',
        parameters: { region: { description: 'Where it was sold', enum: ['eu', 'us'] } }
      })
      Object.assign(sendOrdersPlaced as object, {
        reply: {
          address: { location: '$message.header#/reply_to' },
          channel: { $ref: '#/channels/invoices.issued' },
          messages: [{ $ref: '#/channels/invoices.issued/messages/Invoice' }]
        }
      })
      return document
    }
  }))
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/sendOrdersPlaced`)
  const operation = page.locator('#operation-sendOrdersPlaced')
  t.match(
    (await operation.locator('.facts').innerText()).replaceAll(/\s+/g, ' '),
    /Topic orders\.\{region\}\.placed .*\{region\} Where it was sold, one of eu, us Reply to invoices\.issued/
  )
  t.same(
    (await operation.locator('h4').allInnerTexts()).map((text) => text.split(/\s/)[0]), ['Order', 'Reply', 'Invoice']
  )
  t.equal(
    await page.locator('.operation').filter({
      has: page.getByRole('heading', { name: 'An order was placed' })
    }).evaluate((element) => Math.round(element.getBoundingClientRect().top) < 100),
    true,
    'the link led to it'
  )
  t.same(problems, [])
})

t.test('an app with everything fits, opened or not', async (t) => {
  const { url } = await listen(t, await torture(undefined))
  for (const [name, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    const { page, problems } = await visit(t, `${url}/asyncapi/`, { viewport })
    t.equal(await page.locator('.operation .action').count(), 54)
    t.same(await overflow(page), [])
    await shoot(page, `torture-${name}`)
    await openAll(page)
    t.same(await violations(page), [])
    t.same(await overflow(page), [])
    await shoot(page, `torture-${name}-open`, true)
    t.same(problems, [])
  }
})
