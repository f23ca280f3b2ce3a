import { writeFileSync } from 'node:fs'
import { deadLettersPage } from './docs/dead-letters.js'
import { errorsPage } from './docs/errors.js'
import { optionsPage } from './docs/options.js'

/* The pages of docs/ that are made from the code. A test fails when they differ from it. */

writeFileSync('docs/dead-letters.md', deadLettersPage())
writeFileSync('docs/errors.md', errorsPage())
writeFileSync('docs/options.md', optionsPage())
