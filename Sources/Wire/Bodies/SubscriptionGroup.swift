/// A consumer group's settings (Apache SubscriptionGroupConfig; config/subscriptionGroup.json, codes 200,
/// 201, 225, 352).
package struct SubscriptionGroup: Equatable, Sendable {
  package var name: String
  package var consumeEnable = true
  package var consumeFromMinEnable = true
  package var consumeBroadcastEnable = true
  package var consumeMessageOrderly = false
  package var retryQueues: Int32 = 1
  package var retryMaxTimes: Int32 = 16
  package var brokerId: Int64 = 0
  package var whichBrokerWhenConsumeSlowly: Int64 = 1
  package var notifyConsumerIdsChangedEnable = true
  package var groupSysFlag: Int32 = 0
  package var consumeTimeoutMinutes: Int32 = 15
  /// groupRetryPolicy, subscriptionDataSet, attributes: kept as they came.
  package var retryPolicy: JSON = .object([.init("type", .string("CUSTOMIZED"))])
  package var subscriptions: JSON?
  package var attributes: JSON = .object([])

  package init(name: String) { self.name = name }

  package init?(_ json: JSON) {
    guard let name = json["groupName"]?.string else { return nil }
    self.name = name
    consumeEnable = json["consumeEnable"]?.bool ?? consumeEnable
    consumeFromMinEnable = json["consumeFromMinEnable"]?.bool ?? consumeFromMinEnable
    consumeBroadcastEnable = json["consumeBroadcastEnable"]?.bool ?? consumeBroadcastEnable
    consumeMessageOrderly = json["consumeMessageOrderly"]?.bool ?? consumeMessageOrderly
    retryQueues = json["retryQueueNums"]?.int32 ?? retryQueues
    retryMaxTimes = json["retryMaxTimes"]?.int32 ?? retryMaxTimes
    brokerId = json["brokerId"]?.int ?? brokerId
    whichBrokerWhenConsumeSlowly = json["whichBrokerWhenConsumeSlowly"]?.int ?? whichBrokerWhenConsumeSlowly
    notifyConsumerIdsChangedEnable =
      json["notifyConsumerIdsChangedEnable"]?.bool ?? notifyConsumerIdsChangedEnable
    groupSysFlag = json["groupSysFlag"]?.int32 ?? groupSysFlag
    consumeTimeoutMinutes = json["consumeTimeoutMinute"]?.int32 ?? consumeTimeoutMinutes
    retryPolicy = json["groupRetryPolicy"] ?? retryPolicy
    subscriptions = json["subscriptionDataSet"]
    attributes = json["attributes"] ?? attributes
  }

  package var json: JSON {
    .record([
      "attributes": attributes,
      "brokerId": .int(brokerId),
      "consumeBroadcastEnable": .bool(consumeBroadcastEnable),
      "consumeEnable": .bool(consumeEnable),
      "consumeFromMinEnable": .bool(consumeFromMinEnable),
      "consumeMessageOrderly": .bool(consumeMessageOrderly),
      "consumeTimeoutMinute": .number(consumeTimeoutMinutes),
      "groupName": .string(name),
      "groupRetryPolicy": retryPolicy,
      "groupSysFlag": .number(groupSysFlag),
      "notifyConsumerIdsChangedEnable": .bool(notifyConsumerIdsChangedEnable),
      "retryMaxTimes": .number(retryMaxTimes),
      "retryQueueNums": .number(retryQueues),
      "subscriptionDataSet": subscriptions,
      "whichBrokerWhenConsumeSlowly": .int(whichBrokerWhenConsumeSlowly),
    ])
  }
}

/// A broker's groups with their version: the answer to code 201 and config/subscriptionGroup.json (Apache
/// SubscriptionGroupManager, SubscriptionGroupWrapper).
package struct SubscriptionGroupTable: Equatable, Sendable {
  package var dataVersion = DataVersion()
  /// group → topic → bits of what is forbidden; kept as it came, nil when the sender has none.
  package var forbidden: JSON? = .object([])
  /// In the order of the table.
  package var groups: [SubscriptionGroup] = []

  package init() {}

  package init?(_ json: JSON) {
    guard let table = json["subscriptionGroupTable"]?.table else { return nil }
    dataVersion = DataVersion(json["dataVersion"])
    forbidden = json["forbiddenTable"]
    groups = table.compactMap { SubscriptionGroup($0.value) }
  }

  package var json: JSON {
    .record([
      "dataVersion": dataVersion.json,
      "forbiddenTable": forbidden,
      "subscriptionGroupTable": .object(groups.map { JSON.Member($0.name, $0.json) }),
    ])
  }
}

/// Several groups to create at once (code 225, Apache SubscriptionGroupList).
package struct SubscriptionGroupList: Equatable, Sendable {
  package var groups: [SubscriptionGroup]

  package init(_ groups: [SubscriptionGroup]) { self.groups = groups }

  package init?(_ json: JSON) {
    guard json["groupConfigList"]?.array != nil else { return nil }
    groups = json.list("groupConfigList") { SubscriptionGroup($0) }
  }

  package var json: JSON { .record(["groupConfigList": .array(groups.map(\.json))]) }
}
