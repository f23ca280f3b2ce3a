import { el, icon } from './dom.js'

/** @param what for the ears: 'Copy the topic' */
export function copyButton (what: string, text: () => string, symbol: 'copy' | 'link' = 'copy'): HTMLButtonElement {
  const button = el(
    'button',
    {
      type: 'button',
      class: 'quiet copy',
      'aria-label': `Copy ${what}`,
      title: `Copy ${what}`,
      onclick: () => { copy() }
    },
    icon(symbol)
  )
  return button

  async function copy (): Promise<void> {
    await write(text())
    button.replaceChildren(icon('done'))
    button.setAttribute('aria-label', 'Copied')
    button.addEventListener('blur', restore, { once: true })
    button.addEventListener('pointerleave', restore, { once: true })
  }

  function restore (): void {
    button.replaceChildren(icon(symbol))
    button.setAttribute('aria-label', `Copy ${what}`)
  }
}

async function write (text: string): Promise<void> {
  try {
    return await navigator.clipboard.writeText(text)
  } catch {
    // Browsers offer `navigator.clipboard` only in a secure context. The fallback below works over plain HTTP.
  }
  const area = el('textarea', { class: 'unseen' })
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
