import { el } from './dom.js'
import { dictionary, type Dictionary } from './json.js'

/** Time from one answer to the next question, ms. */
const INTERVAL = 2000
/** The same after an answer that did not come, ms. */
const PAUSE = 10_000

/** The figures, in the order in which they are shown: name on the wire, label, meaning. */
const FIGURES = [
  ['handled', 'handled', 'Messages that were handled since the start of this process'],
  ['failed', 'failed', 'Attempts that failed since the start of this process'],
  ['lag', 'lag', 'Messages that are not settled, in the partitions of this process'],
  ['inFlight', 'in flight', 'Messages that are being handled']
] as const
const UNKNOWN = '–'

/** Figures of one operation. They have their place from the start, so that nothing moves when they change. */
export interface CountersView {
  readonly element: HTMLElement
  /** `counts`: as the server sends them; undefined: it knows none. */
  show (counts: unknown, isOld: boolean): void
}

export function countersView (): CountersView {
  const numbers = FIGURES.map(([name]) => el('span', { class: `number ${name}` }, UNKNOWN))
  const element = el(
    'span',
    { class: 'counters' },
    ...FIGURES.map(([, label, title], i) => el('span', { class: 'counter', title }, numbers[i], ` ${label}`))
  )
  return { element, show }

  function show (counts: unknown, isOld: boolean): void {
    const read = dictionary(counts)
    element.classList.toggle('old', isOld)
    for (const [i, [name]] of FIGURES.entries()) {
      const value = read[name]
      const number = numbers[i]
      if (number === undefined) continue
      number.textContent = typeof value === 'number' ? brief(value) : UNKNOWN
      number.classList.toggle('some', typeof value === 'number' && value > 0)
    }
  }
}

/** A number in at most four characters: 9999, 12k, 3.4M. */
export function brief (value: number): string {
  if (value < 10_000) return String(value)
  const [unit, size] = value < 1e6 ? ['k', 1e3] as const : value < 1e9 ? ['M', 1e6] as const : ['G', 1e9] as const
  const scaled = value / size
  return (scaled < 10 ? String(Math.floor(scaled * 10) / 10) : String(Math.floor(scaled))) + unit
}

/** Keeps figures fresh while the page is seen. The first refusal ends it. */
export function followCounters (at: URL, views: ReadonlyMap<string, CountersView>): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false
  let shown: Dictionary = {}
  document.addEventListener('visibilitychange', ask)
  ask()

  async function ask (): Promise<void> {
    clearTimeout(timer)
    // A page that is hidden asks for nothing, until it is seen again.
    if (document.hidden || isAsking) return
    isAsking = true
    const answer = await fetch(at, { signal: AbortSignal.timeout(PAUSE) }).catch(() => undefined)
    const counts = answer?.ok === true ? await answer.json().catch(() => undefined) as unknown : undefined
    isAsking = false
    const isRefused = answer !== undefined && answer.status >= 400 && answer.status < 500
    if (counts !== undefined) shown = dictionary(counts)
    if (isRefused) shown = {}
    for (const [id, view] of views) view.show(shown[id], counts === undefined)
    if (isRefused) document.removeEventListener('visibilitychange', ask)
    else timer = setTimeout(ask, counts === undefined ? PAUSE : INTERVAL)
  }
}
