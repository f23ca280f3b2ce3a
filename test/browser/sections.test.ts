import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { listen, PHONE, shoot, visit } from './fixture.js'
import { shop } from './shop.js'

t.test('operations are grouped by their first tag, and dead letters are collapsed', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi`)
  const section = page.locator('.group-section')
  t.same(await section.nth(0).locator('h3').allInnerTexts(), ['An order was placed', 'Price the order'])
  t.match(await section.nth(0).innerText(), 'From the basket to the invoice')
  const deadLetters = page.locator('main .folded')
  t.equal(await deadLetters.locator('.operation').first().isVisible(), false)
  t.equal(await page.locator('.sidebar .folded a').first().isVisible(), false)
  await deadLetters.locator('> summary').click()
  t.equal(await deadLetters.locator('.operation').count(), 3)
  t.equal(await deadLetters.locator('.operation').first().isVisible(), true)
  await deadLetters.locator('> summary').click()
  await page.getByRole('searchbox').fill('placed.dlq')
  await deadLetters.locator('.operation:not([hidden])').waitFor()
  await page.goto(`${url}/asyncapi#/operations/sendStockChangedDlq`)
  await page.locator('#operation-sendStockChangedDlq[open] .facts').waitFor()
  t.equal(await page.locator('.sidebar [aria-current]').innerText(), 'Dead letters of stock.changed\nstock.changed.dlq')
  t.equal(await page.locator('.sidebar [aria-current]').isVisible(), true)
  t.same(problems, [])
})

t.test('without tags operations are grouped by direction, and the topic stands for a missing title', async (t) => {
  const app = Fastify()
  await app.register(faststreamPlugin, { groupId: 'shop' })
  await app.register(faststreamPlugin, { name: 'billing', asyncapi: undefined })
  app.setValidatorCompiler(() => () => true)
  class Joi {}
  app.broker.publisher('orders', { schema: { value: new Joi(), key: new Joi() } })
  app.broker.subscriber('orders', { deadLetter: false }, async function takeOrder () {})
  app.broker.subscriber('orders', { deadLetter: false, groupId: 'audit' }, () => {})
  const { url } = await listen(t, app)
  const { page, problems } = await visit(t, `${url}/asyncapi`)
  t.same(await page.locator('main h2:visible').allInnerTexts(), ['Receives 2', 'Sends 1'])
  t.same((
    await page.locator('.operation > summary').allInnerTexts()
  ).map((text) => text.replaceAll(/\s+/g, ' ').trim()).sort(), [
    'receives orders audit default', 'receives orders shop default', 'sends orders default'
  ])
  t.same((await page.locator('.sidebar li').allInnerTexts()).sort(), [
    'orders', 'orders\ngroup audit', 'orders\ngroup shop'
  ])
  const gaps = await page.locator('#operation-sendOrders .message .muted').allInnerTexts()
  t.same(gaps.slice(-2), [
    'Key: a schema is declared, but its JSON Schema is not known.',
    'Value: a schema is declared, but its JSON Schema is not known.'
  ])
  t.same(problems, [])
})

t.test('the sidebar follows scrolling, and stays where a link led to', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi`)
  const marked = page.locator('.sidebar [aria-current]')
  const position = async (): Promise<number> => await marked.evaluate(
    (link) => [...document.querySelectorAll('.sidebar a')].indexOf(link as HTMLAnchorElement)
  )
  await page.getByRole('button', { name: 'Open all' }).click()
  await page.mouse.move(800, 500)
  const seen: number[] = []
  for (let turn = 0; turn < 5; turn++) {
    await page.mouse.wheel(0, 1500)
    await page.waitForFunction((last) => {
      const link = document.querySelector('.sidebar [aria-current]')
      return link !== null && [...document.querySelectorAll('.sidebar a')].indexOf(link as HTMLAnchorElement) > last
    }, seen.at(-1) ?? -1)
    seen.push(await position())
  }
  t.same(seen, [...new Set(seen)].sort((a, b) => a - b))
  await page.locator('.sidebar a').last().click()
  await page.locator('main .operation').last().locator('.schema').waitFor()
  t.match(await marked.innerText(), 'Stock')
  await shoot(page, 'sidebar')
  t.same(problems, [])
})

t.test('the flow leads from the topic over the handler to the topics of its results', async (t) => {
  const { url } = await listen(t, await shop())
  for (const viewport of [undefined, PHONE]) {
    const { page, problems } = await visit(t, `${url}/asyncapi#/operations/priceOrder`, viewport && { viewport })
    const flow = page.locator('#operation-priceOrder .flow')
    t.same(
      await flow.locator('text').allTextContents().then((labels) => labels.sort()),
      ['Price the order', 'invoices.issued', 'orders.placed', 'orders.placed.dlq', 'stock.wanted'].sort()
    )
    t.equal(await flow.locator('path.arrow').count(), 4)
    t.equal(await flow.locator('path.arrow.dead-letter').count(), 1)
    const boxes = await page.locator('.overview .box').evaluateAll((boxes) => boxes.map((box) => {
      const { left, right, top, bottom } = box.getBoundingClientRect()
      return { left, right, top, bottom }
    }))
    t.equal(
      boxes.length,
      viewport === undefined ? 9 : 10,
      'a topic of two results is there twice where each box has one above it'
    )
    const overlaps = boxes.filter((a) => boxes.some(
      (b) => a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
    ))
    t.same(overlaps, [])
    await flow.getByRole('link', { name: 'stock.wanted' }).click()
    await page.locator('#operation-sendStockWanted[open] .facts').waitFor()
    t.same(problems, [])
  }
  const { page } = await visit(t, `${url}/asyncapi`)
  await page.setViewportSize(PHONE)
  await page.waitForFunction(() => document.querySelectorAll('.overview .box').length === 10)
})
