import { memory, transports } from './memory-world.js'
import { moving } from './moving.js'
import { subscriptionChanges } from './subscription-changes.js'
import { subscriptions } from './subscriptions.js'
import { conformance } from './suite.js'

conformance(memory)
subscriptions(transports)
subscriptionChanges(transports)
moving(transports)
