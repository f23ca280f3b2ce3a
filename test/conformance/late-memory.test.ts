import { answerLate, memory, transports } from './memory-world.js'
import { moving } from './moving.js'
import { subscriptionChanges } from './subscription-changes.js'
import { subscriptions } from './subscriptions.js'
import { conformance } from './suite.js'

// What is true of a cluster in memory is true of one that answers late. A difference is code that goes on too early.

answerLate()
conformance({ ...memory, name: 'late memory' })
subscriptions({ ...transports, name: 'late memory' })
subscriptionChanges({ ...transports, name: 'late memory' })
moving({ ...transports, name: 'late memory' })
