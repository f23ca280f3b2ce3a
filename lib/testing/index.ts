export { testBroker } from './test-broker.js'
export type { Fake, Overrides, PublishedRecord, TestBroker, TestFailure } from './test-broker.js'
