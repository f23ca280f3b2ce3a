import t, { type Test } from 'tap'
import { overflow, PHONE, shoot, violations, visit, listen } from './fixture.js'
import { shop } from './shop.js'

async function open (t: Test, id: string, authorize = (): boolean => true, options = {}) {
  const { url, broker } = await listen(t, await shop({ publish: { authorize } }))
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/${id}`, options)
  await page.locator(`#operation-${id}`).getByText('Publish a message').click()
  return { broker, page, problems, form: page.locator(`#operation-${id} form`) }
}

t.test('without the option there is no form', async (t) => {
  const { page, problems } = await visit(t, `${(await listen(t, await shop())).url}/asyncapi`)
  await page.getByRole('button', { name: 'Open all' }).click()
  await page.locator('.operation[open] .facts').last().waitFor()
  t.equal(await page.locator('form').count(), 0)
  t.same(problems, [])
})

t.test('a message is published as it stands in the form, and one reads where it is', async (t) => {
  const { broker, page, problems, form } = await open(t, 'priceOrder')
  t.equal(await page.locator('.dead-letter form').count(), 0)
  t.match(JSON.parse(await form.getByLabel('Value, as JSON').inputValue()), { customer: { name: 'Ada Lovelace' } })
  await form.getByLabel('Begin with').selectOption('Paid by invoice')
  t.match(JSON.parse(await form.getByLabel('Value, as JSON').inputValue()), { payment: { kind: 'invoice' } })
  await form.getByRole('button', { name: 'Add a header' }).click()
  await form.getByLabel('Name of the header').last().fill('trace')
  await form.getByLabel('Value of the header').last().fill('1')
  await shoot(page, 'publish')
  t.same(await violations(page), [])
  const button = form.getByRole('button', { name: 'Publish to orders.placed' })
  await button.focus()
  await page.keyboard.press('Enter')
  await form.locator('.success').waitFor()
  t.equal(await button.evaluate((element) => element === document.activeElement), true, 'who has no mouse stays there')
  t.match(
    await form.getByRole('status').innerText(), /^Published to orders\.placed, partition \d+, offset 0 at \d+:\d+:\d+/
  )
  await shoot(page, 'publish-success')
  t.match(broker.published('orders.placed'), [{
    key: '3f2c8a10-5b7e-4c1d-9a4f-0e6b2d7c8f91',
    value: { payment: { kind: 'invoice', days: 14 } },
    headers: { tenant: 'bern', trace: '1', 'x-published-by': 'asyncapi' }
  }])
  t.same(problems, [])
})

t.test('what is wrong with a message is said with its place', async (t) => {
  const { broker, page, problems, form } = await open(t, 'priceOrder')
  const value = form.getByLabel('Value, as JSON')
  await value.fill(JSON.stringify({ ...JSON.parse(await value.inputValue()), placedAt: 7, lines: [] }))
  await form.getByRole('button', { name: 'Publish' }).click()
  await form.locator('.failure').waitFor()
  t.match(await form.getByRole('status').innerText(), /Not published \(400\)(.|\n)*value\/(lines|placedAt) must/)
  await shoot(page, 'publish-failure')
  await value.fill('{ no JSON')
  await form.getByRole('button', { name: 'Publish' }).click()
  await form.getByText('The value is no JSON').waitFor()
  await value.fill('null')
  await form.getByRole('button', { name: 'Publish' }).click()
  await form.getByText('tick the box').waitFor()
  t.same(broker.published('orders.placed'), [])
  // A browser itself logs an answer of 400.
  t.same(problems.filter((problem) => !problem.includes('400 (Bad Request)')), [])
})

t.test('a tombstone must be asked for, and who may not publish is told so', async (t) => {
  let allowed = false
  const { broker, page, problems, form } = await open(t, 'markAddress', () => allowed, { viewport: PHONE })
  await form.getByLabel('Without a value: a tombstone').check()
  t.equal(await form.getByLabel('Value, as JSON').isDisabled(), true)
  t.same(await violations(page), [])
  await form.getByRole('button', { name: 'Publish' }).click()
  await form.getByText('Not published (403)').waitFor()
  allowed = true
  await form.getByLabel('Key').fill('ada@example.com')
  await form.getByRole('button', { name: 'Publish' }).click()
  await form.locator('.success').waitFor()
  t.match(broker.published('mail.bounced'), [{ key: 'ada@example.com', value: null }])
  t.same(await overflow(page), [])
  await form.scrollIntoViewIfNeeded()
  await shoot(page, 'publish-phone')
  t.same(problems.filter((problem) => !problem.includes('403 (Forbidden)')), [])
})
