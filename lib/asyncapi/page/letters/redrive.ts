import { el, type Child } from '../dom.js'
import { count, messageOf, placeOf, type LettersApi, type Place, type Report, type Selection } from './api.js'

/** Number of letters for each request: their progress is stored together. */
const BATCH = 100
const REASONS: Readonly<Record<string, string>> = {
  'not-a-letter': 'their headers are those of no dead letter',
  damaged: 'they cannot be read',
  origin: 'dead letters of the topic that they name do not go here',
  'no-group': 'their subscriber has no group',
  incomplete: 'they are too large: the rest is in the original topic only',
  trips: 'they were redriven three times',
  order: 'an earlier letter of their key stays'
}

/**
 * A form that redrives: a dry run says which letters, and these are redriven then.
 *
 * @param what for the label: 'this letter'
 */
export function redriveForm (
  api: LettersApi, what: string, selection: () => Selection, done: () => void
): HTMLElement {
  const rate = el('input', { type: 'number', min: 1, step: 1, placeholder: 'Any number' })
  const result = el('div', { class: 'result', role: 'status' })
  const actions = el('div', { class: 'actions' })
  const dryRun = el('button', { type: 'button', onclick: () => { attempt(rehearse) } }, `Dry run: redrive ${what}`)
  return el('div', { class: 'mending' }, dryRun, result, actions)

  async function attempt (work: () => Promise<void>): Promise<void> {
    if (dryRun.ariaDisabled === 'true') return
    dryRun.ariaDisabled = 'true'
    try {
      await work()
    } catch (error) {
      show('failure', el('strong', {}, 'Stopped'), ` ${messageOf(error)}`)
    }
    dryRun.ariaDisabled = 'false'
  }

  async function rehearse (): Promise<void> {
    actions.replaceChildren()
    show('', 'The letters are read …')
    const report = await api.redrive({ ...selection(), dryRun: true })
    show('', ...rehearsed(report))
    const valid = report.verdicts.filter(({ valid }) => valid !== false)
    if (report.verdicts.length === 0) return
    actions.replaceChildren(
      el('label', {}, 'Messages per second, at most', rate),
      startButton(`Redrive ${count(report.verdicts.length, 'letter')}`, report.verdicts),
      ...valid.length === 0 || valid.length === report.verdicts.length
        ? []
        : [startButton(`Redrive the ${valid.length} that would not fail`, valid)]
    )
  }

  function startButton (label: string, places: readonly Place[]): HTMLElement {
    return el('button', { type: 'button', class: 'primary', onclick: () => { attempt(() => redrive(places)) } }, label)
  }

  async function redrive (places: readonly Place[]): Promise<void> {
    const perSecond = Math.floor(Number(rate.value))
    const size = perSecond >= 1 ? Math.min(BATCH, perSecond) : BATCH
    const run = { stopped: false }
    const text = el('p', {})
    const bar = el('progress', { max: places.length, value: 0, 'aria-label': 'Letters that were redriven' })
    const stop = el('button', { type: 'button', onclick: () => { run.stopped = true } }, 'Stop')
    actions.replaceChildren(bar, stop)
    stop.focus()
    show('', text)
    const refused: string[] = []
    let redriven = 0
    for (let at = 0; at < places.length && !run.stopped; at += size) {
      text.textContent = `${redriven} of ${count(places.length, 'letter')} redriven`
      const letters = places.slice(at, at + size).map(placeOf)
      const report = await api.redrive({ letters, ...perSecond >= 1 && { rate: perSecond } })
      redriven += report.redriven
      refused.push(...report.refused)
      bar.value = at + letters.length
    }
    actions.replaceChildren()
    const what = run.stopped ? `Stopped after ${count(redriven, 'letter')}.` : `${count(redriven, 'letter')} redriven.`
    show('success', el('strong', {}, what), refusals(refused))
    dryRun.focus()
    done()
  }

  function show (state: string, ...children: readonly Child[]): void {
    result.className = `result ${state}`
    result.replaceChildren(...children.filter((child) => child !== undefined && child !== false).map(
      (child) => child instanceof Node ? child : String(child)
    ))
  }
}

function rehearsed ({ verdicts, stopped, refused }: Report): Child[] {
  const failing = verdicts.filter(({ valid }) => valid === false)
  const unknown = verdicts.filter(({ valid }) => valid === undefined)
  return [
    el('strong', {}, stopped
      ? `The first ${count(verdicts.length, 'letter')} would be redriven: more follow in the next dry run.`
      : `${count(verdicts.length, 'letter')} would be redriven.`),
    failing.length > 0 && el('p', {},
      `${failing.length} would fail again, the first one: `, el('code', {}, failing[0]?.violation)),
    unknown.length > 0 && el('p', {}, `${unknown.length} cannot be judged: this app does not read them.`),
    refusals(refused)
  ]
}

/** The letters that stay, by reason. */
function refusals (reasons: readonly string[]): Child {
  if (reasons.length === 0) return undefined
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return el('ul', {}, ...[...counts].map(([reason, number]) => {
    return el('li', {}, `${count(number, 'letter')} ${number === 1 ? 'stays' : 'stay'}: ${REASONS[reason] ?? reason}`)
  }))
}
