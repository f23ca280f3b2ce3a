export { benchmark, type Benchmarked, type BenchmarkOptions } from './benchmark.js'
export { startLocalKafka, type LocalKafka } from './local-kafka.js'
export { transportConformance, type ConformanceTest } from './conformance/index.js'
export { createMocks, type TestMocks } from './mocks.js'
export { testBroker } from './test-broker.js'
export { createTester } from './tester.js'
export type { TestAssertions, TestBroker } from './api.js'
export type { TestBackground, TestTask } from './background-types.js'
export type { TestClock } from './clock-types.js'
export type { MessageCoverage, SubscriberCoverage, TestCoverage } from './coverage-types.js'
export type { ActiveFault, Fault, TestFaults } from './fault-types.js'
export type { AsymmetricMatcher, Expected } from './expected.js'
export type { PublishedRecord } from './published.js'
export type { ConsumingMirror, ProducingMirror, Tester, TesterOptions } from './tester-types.js'
export type { DeadLettered, TestTracking, TrackedSession } from './session-types.js'
export type {
  ExpectedCall, ExpectedPublish, Fake, HandlerCall, HandlerSpy, Handling, Overrides, TestBrokerOptions, TestedApps,
  TestFailure
} from './types.js'
