import { existsSync } from 'node:fs'

/** Debian's, or the one that is named. */
export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

export const hasChromium = existsSync(executablePath)
