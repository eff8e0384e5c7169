// What consumption by pop keeps in files of its own, as the broker sees it. Loop thread.

package import Wire

extension MessageStore {
  /// What an ordered group took out of a queue; nil when nothing is known.
  package func popOrder(group: String, topic: String, queueId: Int32) -> PopOrder? {
    popOrders.order(group, topic, queueId)
  }

  /// Kept in memory at once, on disk within five seconds; nil forgets.
  package func setPopOrder(group: String, topic: String, queueId: Int32, _ order: PopOrder?) {
    popOrders.set(group, topic, queueId, order)
    markDirty(.consumerOrderInfo)
  }

  /// All that ordered groups took, in no order.
  package var allPopOrders: [(group: String, topic: String, queueId: Int32, order: PopOrder)] {
    popOrders.all
  }

  /// How a group takes the messages of a topic; nil when nobody said so.
  package func requestMode(topic: String, group: String) -> RequestMode? { requestModes[topic, group] }
  /// (topic, group) pairs with a mode.
  package var requestModeCount: Int { requestModes.count }
  /// The content of config/messageRequestMode.json.
  package var requestModesJSON: JSON { requestModes.json }

  /// Adds or replaces; written at once.
  package func putRequestMode(_ mode: RequestMode) {
    requestModes.put(mode)
    persistSoon(.messageRequestMode)
  }

  /// Forgets what ordered groups took of a topic, or what one group took of all.
  func removePopOrders(group: String?, topic: String?) {
    if popOrders.remove(group: group, topic: topic) { markDirty(.consumerOrderInfo) }
  }
}
