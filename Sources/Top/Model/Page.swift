// The nine screens, and where a person is in them. Pure.

/// A screen, numbered as its key.
package enum Page: Int, CaseIterable, Sendable {
  case cluster = 1
  case brokers, topics, groups, clients, queues, delays, alerts, events

  /// The table that keys act on first.
  package var table: TableKind {
    switch self {
    case .cluster, .brokers: .brokers
    case .topics: .topics
    case .groups: .groups
    case .clients: .clients
    case .queues: .queues
    case .delays: .delays
    case .alerts: .alerts
    case .events: .events
    }
  }
  package var title: String {
    switch self {
    case .cluster: "Cluster"
    case .brokers: "Brokers"
    case .topics: "Topics"
    case .groups: "Groups"
    case .clients: "Clients"
    case .queues: "Queues"
    case .delays: "Delay/Tx"
    case .alerts: "Alerts"
    case .events: "Events"
    }
  }
  /// The tables that Tab goes through on it.
  package var tables: [TableKind] {
    self == .cluster ? [.brokers, .topics, .groups, .queues, .delays, .alerts, .events] : [table]
  }
}

/// Where a person is: a screen, or the detail of a thing opened from it, and the table that keys act on.
package struct Place: Equatable, Sendable {
  package var page: Page
  package var target: Target?
  /// Which of `tables` has the focus.
  package var focus = 0

  package init(_ page: Page, _ target: Target? = nil) {
    self.page = page
    self.target = target
  }

  package var tables: [TableKind] {
    switch target {
    case nil: page.tables
    case .broker?: [.latencies, .pools, .settings]
    case .topic?: [.topicQueues, .topicGroups, .messages]
    case .group?: [.groupQueues, .groupClients]
    case .client?: [.subscriptions, .clientQueues, .stack]
    }
  }
  package var table: TableKind { tables[min(focus, tables.count - 1)] }
}

extension TableKind {
  /// The screen that shows it first.
  var page: Page { Page.allCases.first { $0.table == self } ?? .cluster }
}
