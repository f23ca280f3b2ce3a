import t from 'tap'
import { DEFINITIONS } from '../../lib/observe/metrics/definitions.js'
import { PAGES } from './pages.js'

const PAGE = PAGES.get('docs/observability.md') ?? ''

t.test('docs/observability.md has each metric with its labels, and no other', async (t) => {
  const rows = [...PAGE.matchAll(/^\| `(faststream_\w+)` \| ([\w, ]*?) ?\| (.*) \|$/gm)]
  t.same(
    rows.map(([, name, labels = '']) => [name, labels === '' ? [] : labels.split(', ')]).sort(),
    DEFINITIONS.map(({ name, labels }) => [name, labels]).sort()
  )
})
