export { testBroker } from './test-broker.js'
export type { PublishedRecord, TestBroker, TestFailure } from './test-broker.js'
