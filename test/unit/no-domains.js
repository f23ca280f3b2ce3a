import hooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'

/*
 * tap follows each promise from its making to its end (`async-hook-domain`), to say of which test an error is that
 * nothing catches. That takes up to half of a test file's CPU. Without it such an error ends its process, as Node.js
 * has it; `group.js` gives it to the test file that runs.
 */

hooks.createHook = () => ({ enable () { return this }, disable () { return this } })
syncBuiltinESMExports()
