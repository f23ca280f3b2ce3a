import { el, icon } from './dom.js'

type Theme = 'light' | 'dark'

const KEY = 'faststream-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

/** Applies the stored theme before the first paint. Without one, the system's theme applies. */
export function applyTheme (): void {
  const stored = read()
  if (stored === 'light' || stored === 'dark') document.documentElement.dataset.theme = stored
}

export function themeSwitch (): HTMLButtonElement {
  const button = el('button', { type: 'button', class: 'quiet', onclick: change })
  const label = (): void => {
    const other = otherTheme()
    button.setAttribute('aria-label', `Use the ${other} theme`)
    button.title = `Use the ${other} theme`
    button.replaceChildren(icon(other === 'dark' ? 'moon' : 'sun'))
  }
  dark.addEventListener('change', label)
  label()
  return button

  function change (): void {
    choose(otherTheme())
    label()
  }
}

function otherTheme (): Theme {
  const current = document.documentElement.dataset.theme ?? systemTheme()
  return current === 'dark' ? 'light' : 'dark'
}

function systemTheme (): Theme {
  return dark.matches ? 'dark' : 'light'
}

/** A person who goes back to the system's theme follows the system again. */
function choose (theme: Theme): void {
  if (theme === systemTheme()) delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  try {
    if (theme === systemTheme()) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, theme)
  } catch {
    // The choice lasts for this visit where storing is forbidden.
  }
}

function read (): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
