export { faststreamPlugin as default, faststreamPlugin } from './lib/plugin.js'
export { dependency } from './lib/deps/dependency.js'
export { response } from './lib/broker/response.js'
export type * from './types/index.js'
