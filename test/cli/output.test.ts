import { userInfo } from 'node:os'
import t from 'tap'

type Output = typeof import('../../lib/cli/output.js')

t.test('an audit line names the user, by the number where there is no name', async (t) => {
  const nameless = { userInfo: () => { throw new Error('no such user') } }
  const { audited: auditedNameless } = await t.mockImport<Output>('../../lib/cli/output.js', { 'node:os': nameless })
  const { audited } = await import('../../lib/cli/output.js')
  const named = [audited, userInfo().username] as const
  for (const [write, user] of [named, [auditedNameless, String(process.getuid?.())]] as const) {
    let text = ''
    const err = { write: (line: string) => { text += line } }
    t.equal(await write({ err }, 'publish', (offset) => ({ offset }), async () => 7n), 7n)
    t.match(JSON.parse(text), { audit: 'publish', user, offset: '7' })
  }
})
