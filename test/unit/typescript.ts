import { register } from 'node:module'
import { runsCompiled } from './compiled.js'

/* For a test that imports programs in TypeScript by their path: a compiled test has no loader otherwise. */

if (runsCompiled()) register(new URL('hooks.js', import.meta.url))
